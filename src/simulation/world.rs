//! The service as callers meet it: the cluster behind a network that has its weather.

use std::time::Duration;

use http::Method;
use tokio::time::Instant;

use crate::http::client::mock_transport::{MockRequest, MockResponse};
use crate::simulation::bodies;
use crate::simulation::case::{Case, Kind, Tags, Weather};
use crate::simulation::cluster::{Cluster, Landed, Moment};
use crate::simulation::journal::{Called, Posted, Told};

#[derive(Debug)]
pub(crate) struct World {
    born: Instant,
    weather: std::vec::IntoIter<Weather>,
    pub(crate) cluster: Cluster,
    pub(crate) posts: Vec<Posted>,
    pub(crate) calls: Vec<Called>,
    /// What must never happen, and did.
    pub(crate) wrongs: Vec<String>,
}

/// One exchange from the server's side.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) asked: MockRequest,
    weather: Weather,
    pub(crate) post: Option<usize>,
    pub(crate) there_at: Instant,
    pub(crate) back_at: Instant,
}

/// An answer, what it tells, and when that was true.
#[derive(Debug)]
pub(crate) struct Reply {
    /// None: silence.
    pub(crate) said: Option<MockResponse>,
    told: Told,
    then: Moment,
}

impl World {
    pub(crate) fn new(case: &Case) -> Self {
        Self {
            born: Instant::now(),
            weather: case.weather.clone().into_iter(),
            cluster: Cluster::new(case.nature.clone(), &case.foreign),
            posts: Vec::new(),
            calls: Vec::new(),
            wrongs: Vec::new(),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        self.born.elapsed()
    }

    /// From here on the weather is clear.
    pub(crate) fn clear_up(&mut self) {
        self.weather = Vec::new().into_iter();
    }

    /// A request sets out; `is_cut`: the client will not live to see the answer.
    pub(crate) fn set_out(&mut self, call: usize, asked: MockRequest, is_cut: bool) -> Exchange {
        let mut weather = self.weather.next().unwrap_or(Weather::CLEAR);
        if is_cut && weather.kind == Kind::Clear {
            weather.kind = Kind::Reset;
        }
        let now = Instant::now();
        let there_at = now + Duration::from_millis(weather.there);
        let back_at = there_at + Duration::from_millis(weather.back);
        self.calls[call].requests += 1;
        let post = (asked.method == Method::POST).then(|| self.post(call, &asked, weather));
        let sent_at = self.now();
        let called = &mut self.calls[call];
        called.had_trouble |= weather.kind != Kind::Clear || weather.there + weather.back > 1000;
        if post.is_none() {
            called.ask(is_first_page(&asked), sent_at);
        }
        Exchange { asked, weather, post, there_at, back_at }
    }

    fn post(&mut self, call: usize, asked: &MockRequest, weather: Weather) -> usize {
        let earlier = self.posts.iter().filter(|post| post.call == call);
        if earlier.clone().any(|post| !post.is_refused()) {
            self.wrongs.push(format!("call {call}: a POST after one that may have been acted on"));
        }
        let number = self.posts.len();
        let looked = self.calls[call].looks.last().map(|look| look.began);
        if looked.is_none() && self.calls[call].tag.is_some() {
            self.wrongs.push(format!("call {call}: a POST with a key, but without a look before"));
        }
        let delay = match weather.kind {
            Kind::Clear => Some(0),
            Kind::NotSent | Kind::TooMany(_) | Kind::Upgrading | Kind::Refused(_) => None,
            Kind::Reset | Kind::Silent | Kind::Page(_) | Kind::Broken(_) => {
                let longest = self.cluster.nature.landing * 1000;
                weather.acted.then_some(longest * u64::from(weather.share) / 255)
            }
            Kind::CorruptEncoding(_) => weather.acted.then_some(0),
        };
        let now = self.now();
        if let Some(delay) = delay {
            let at = now + Duration::from_millis(weather.there + delay);
            let body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
            let description = body.get("description").and_then(serde_json::Value::as_str);
            self.cluster.expect(number, description.map(ToOwned::to_owned), at);
        }
        self.posts.push(Posted { call, looked, heard: None, ended_at: now });
        number
    }

    /// The server acts, at the moment that the exchange was planned for.
    pub(crate) fn act(&mut self, call: usize, exchange: &Exchange) -> Reply {
        let then = self.now();
        self.cluster.advance(then);
        let Exchange { asked, weather, post, .. } = exchange;
        if let Some(said) = bodies::instead(&self.cluster, then, weather.kind) {
            let told = match weather.kind {
                Kind::NotSent | Kind::TooMany(_) | Kind::Upgrading | Kind::Refused(_) => {
                    Told::Refused { busy: false }
                }
                _ => Told::Unclear,
            };
            return Reply { said: Some(said), told, then };
        }
        if weather.kind == Kind::Silent {
            return Reply { said: None, told: Told::Unclear, then };
        }
        let (said, told) = if let Some(post) = post {
            self.posted(*post, then)
        } else {
            let lag = self.lag(call, asked, *weather);
            self.cluster.read(&asked.uri, then, lag)
        };
        Reply { said: Some(said), told, then }
    }

    fn posted(&self, post: usize, now: Moment) -> (MockResponse, Told) {
        match self.cluster.landed.get(&post) {
            Some(Landed::Taken(index)) => {
                let held = &self.cluster.snapshots[*index];
                let mut body = self.cluster.whole(held, held.at);
                if let (Tags::Unlisted, Some(sent)) = (self.cluster.nature.tags, &held.description)
                {
                    body["description"] = sent.as_str().into();
                }
                let said = bodies::good(&self.cluster, now, &body);
                (said, Told::Taken(held.id.clone()))
            }
            None => panic!("POST {post} is late"),
            Some(Landed::Refused) => {
                let code = "UNFINISHED_ON_DEMAND_SNAPSHOT";
                (bodies::error(&self.cluster, now, 400, code), Told::Refused { busy: true })
            }
        }
    }

    /// The lag of the call's lists; every walk may meet another one.
    fn lag(&mut self, call: usize, asked: &MockRequest, weather: Weather) -> Duration {
        let longest = Duration::from_secs(self.cluster.nature.list_lag);
        let call = &mut self.calls[call];
        if is_first_page(asked) {
            let share = if self.cluster.nature.flickers { weather.share } else { u8::MAX };
            let lag = longest * u32::from(share) / 255;
            // What one walk has shown does not disappear from the next one of the same listing.
            call.lag = if call.listing.is_new { lag } else { call.lag.min(lag) };
            call.listing.is_new = false;
        }
        call.lag
    }

    /// The client has the answer.
    pub(crate) fn arrive(&mut self, call: usize, exchange: &Exchange, reply: &Reply) {
        let now = self.now();
        let told = reply.told.clone();
        if let Some(post) = exchange.post {
            self.posts[post].heard = Some(told.clone());
            self.posts[post].ended_at = now;
        } else if matches!(exchange.weather.kind, Kind::Refused(_) | Kind::Page(302..=404)) {
            self.calls[call].read_refused = Some(now);
        }
        self.calls[call].hear(told, reply.then, now);
    }
}

fn is_first_page(asked: &MockRequest) -> bool {
    asked.uri.ends_with("pageNum=1")
}
