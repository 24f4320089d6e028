//! The service as callers meet it: the cluster behind a network with faults.

use std::time::Duration;

use http::Method;
use tokio::time::Instant;

use crate::http::client::mock_transport::{MockRequest, MockResponse};
use crate::simulation::bodies;
use crate::simulation::case::{Case, Kind, NetworkFaults, Tags};
use crate::simulation::cluster::{Cluster, Landed, Moment};
use crate::simulation::journal::{Called, Observed, Posted};

#[derive(Debug)]
pub(crate) struct World {
    born: Instant,
    faults: std::vec::IntoIter<NetworkFaults>,
    pub(crate) cluster: Cluster,
    pub(crate) posts: Vec<Posted>,
    pub(crate) calls: Vec<Called>,
    /// What must never happen, and did.
    pub(crate) violations: Vec<String>,
}

/// One exchange from the server's side.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) asked: MockRequest,
    faults: NetworkFaults,
    pub(crate) post: Option<usize>,
    pub(crate) there_at: Instant,
    pub(crate) back_at: Instant,
}

/// A response, what it shows, and when that was true.
#[derive(Debug)]
pub(crate) struct Reply {
    /// None: silence.
    pub(crate) said: Option<MockResponse>,
    observed: Observed,
    then: Moment,
}

impl World {
    pub(crate) fn new(case: &Case) -> Self {
        Self {
            born: Instant::now(),
            faults: case.faults.clone().into_iter(),
            cluster: Cluster::new(case.service.clone(), &case.others),
            posts: Vec::new(),
            calls: Vec::new(),
            violations: Vec::new(),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        self.born.elapsed()
    }

    /// From here on there are no faults.
    pub(crate) fn clear_up(&mut self) {
        self.faults = Vec::new().into_iter();
    }

    /// A request sets out; `is_cut`: the client will not live to see the response.
    pub(crate) fn set_out(&mut self, call: usize, asked: MockRequest, is_cut: bool) -> Exchange {
        let mut faults = self.faults.next().unwrap_or(NetworkFaults::CLEAR);
        if is_cut && faults.kind == Kind::Clear {
            faults.kind = Kind::Reset;
        }
        let now = Instant::now();
        let there_at = now + Duration::from_millis(faults.there);
        let back_at = there_at + Duration::from_millis(faults.back);
        self.calls[call].requests += 1;
        let post = (asked.method == Method::POST).then(|| self.post(call, &asked, faults));
        let sent_at = self.now();
        let called = &mut self.calls[call];
        called.had_trouble |= faults.kind != Kind::Clear || faults.there + faults.back > 1000;
        if post.is_none() {
            called.ask(is_first_page(&asked), sent_at);
        }
        Exchange { asked, faults, post, there_at, back_at }
    }

    fn post(&mut self, call: usize, asked: &MockRequest, faults: NetworkFaults) -> usize {
        let earlier = self.posts.iter().filter(|post| post.call == call);
        if earlier.clone().any(|post| !post.is_refused()) {
            self.violations
                .push(format!("call {call}: a POST after one that may have been acted on"));
        }
        let number = self.posts.len();
        let listed_at = self.calls[call].list_reads.last().map(|read| read.began);
        if listed_at.is_none() && self.calls[call].tag.is_some() {
            self.violations
                .push(format!("call {call}: a POST with a key, but without a list read before"));
        }
        let delay = match faults.kind {
            Kind::Clear => Some(0),
            Kind::NotSent | Kind::TooMany(_) | Kind::Upgrading | Kind::Rejected(_) => None,
            Kind::Reset | Kind::Silent | Kind::Page(_) | Kind::Broken(_) => {
                let longest = self.cluster.service.landing * 1000;
                faults.acted.then_some(longest * u64::from(faults.share) / 255)
            }
            Kind::CorruptEncoding(_) => faults.acted.then_some(0),
        };
        let now = self.now();
        if let Some(delay) = delay {
            let at = now + Duration::from_millis(faults.there + delay);
            let body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
            let description = body.get("description").and_then(serde_json::Value::as_str);
            self.cluster.expect(number, description.map(ToOwned::to_owned), at);
        }
        self.posts.push(Posted { call, listed_at, observed: None, ended_at: now });
        number
    }

    /// The server acts, at the moment that the exchange was planned for.
    pub(crate) fn act(&mut self, call: usize, exchange: &Exchange) -> Reply {
        let then = self.now();
        self.cluster.advance(then);
        let Exchange { asked, faults, post, .. } = exchange;
        if let Some(said) = bodies::instead(&self.cluster, then, faults.kind) {
            let observed = match faults.kind {
                Kind::NotSent | Kind::TooMany(_) | Kind::Upgrading | Kind::Rejected(_) => {
                    Observed::Rejected { busy: false }
                }
                _ => Observed::Unclear,
            };
            return Reply { said: Some(said), observed, then };
        }
        if faults.kind == Kind::Silent {
            return Reply { said: None, observed: Observed::Unclear, then };
        }
        let (said, observed) = if let Some(post) = post {
            self.posted(*post, then)
        } else {
            let lag = self.lag(call, asked, *faults);
            self.cluster.read(&asked.uri, then, lag)
        };
        Reply { said: Some(said), observed, then }
    }

    fn posted(&self, post: usize, now: Moment) -> (MockResponse, Observed) {
        match self.cluster.landed.get(&post) {
            Some(Landed::Created(index)) => {
                let held = &self.cluster.snapshots[*index];
                let mut body = self.cluster.whole(held, held.at);
                if let (Tags::Unlisted, Some(sent)) = (self.cluster.service.tags, &held.description)
                {
                    body["description"] = sent.as_str().into();
                }
                let said = bodies::good(&self.cluster, now, &body);
                (said, Observed::Created(held.id.clone()))
            }
            None => panic!("POST {post} is late"),
            Some(Landed::Rejected) => {
                let code = "UNFINISHED_ON_DEMAND_SNAPSHOT";
                (bodies::error(&self.cluster, now, 400, code), Observed::Rejected { busy: true })
            }
        }
    }

    /// The lag of the call's lists; every walk may meet another one.
    fn lag(&mut self, call: usize, asked: &MockRequest, faults: NetworkFaults) -> Duration {
        let longest = Duration::from_secs(self.cluster.service.list_lag);
        let call = &mut self.calls[call];
        if is_first_page(asked) {
            let share = if self.cluster.service.flickers { faults.share } else { u8::MAX };
            let lag = longest * u32::from(share) / 255;
            // What one walk has shown does not disappear from the next one of the same listing.
            call.lag = if call.listing.is_new { lag } else { call.lag.min(lag) };
            call.listing.is_new = false;
        }
        call.lag
    }

    /// The client has the response.
    pub(crate) fn arrive(&mut self, call: usize, exchange: &Exchange, reply: &Reply) {
        let now = self.now();
        let observed = reply.observed.clone();
        if let Some(post) = exchange.post {
            self.posts[post].observed = Some(observed.clone());
            self.posts[post].ended_at = now;
        } else if matches!(exchange.faults.kind, Kind::Rejected(_) | Kind::Page(302..=404)) {
            self.calls[call].read_refused = Some(now);
        }
        self.calls[call].observe(observed, reply.then, now);
    }
}

fn is_first_page(asked: &MockRequest) -> bool {
    asked.uri.ends_with("pageNum=1")
}
