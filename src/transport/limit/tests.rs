#![allow(clippy::unwrap_used)]

use std::time::Duration;

use http::Method;
use tokio::time::timeout;

use super::*;
use crate::transport::events::Events;

fn line(path: &str) -> RequestLine {
    RequestLine { method: Method::GET, path: path.into() }
}

fn clusters(project: u32) -> String {
    format!("/api/atlas/v2/groups/{project:024x}/clusters")
}

async fn pass(limits: &Limits, path: &str) -> Result<Pass, Lost> {
    let call = Call::new(Duration::from_secs(5), Events::new(None));
    limits.pass(path, &line(path), &call).await
}

fn learn(pass: Pass, notice: &Notice) {
    let mut pass = pass;
    let Open { lane, ticket, .. } = pass.0.take().unwrap();
    lane.learn(ticket, notice);
}

fn remaining(tokens: f64) -> Notice {
    Notice { remaining: Some(tokens), ..Notice::default() }
}

fn known(limits: &Limits) -> usize {
    limits.0.lock().unwrap().lanes.len()
}

#[tokio::test(start_paused = true)]
async fn an_empty_bucket_holds_back_its_own_requests_and_no_others() {
    let limits = Limits::new();
    let snapshots = format!("{}/A/backup/snapshots", clusters(1));
    let refusal = notice::Refusal { wait: Duration::from_secs(60), rates: None };
    let refused = Notice { refusal: Some(refusal), ..Notice::default() };
    learn(pass(&limits, &snapshots).await.unwrap(), &refused);
    let begun = Instant::now();

    let lost = pass(&limits, &snapshots).await.unwrap_err();

    assert!(matches!(lost.error, Error::Timeout(_)));
    assert_eq!(lost.fate, Fate::Barred);
    for other in [clusters(1), clusters(2), "/api/atlas/v2/groups".to_owned()] {
        pass(&limits, &other).await.unwrap();
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_went_out_gives_its_token_to_the_next() {
    let limits = Limits::new();
    learn(pass(&limits, &clusters(1)).await.unwrap(), &remaining(1.0));
    drop(pass(&limits, &clusters(1)).await.unwrap());
    let error = || Error::ClientClosed;
    let refused = pass(&limits, &clusters(1)).await.unwrap();
    let end = refused.spend(async { Err(Lost { error: error(), fate: Fate::NotSent }) }).await;
    end.unwrap_err();

    let begun = Instant::now();
    let broken = pass(&limits, &clusters(1)).await.unwrap();
    let end = broken.spend(async { Err(Lost { error: error(), fate: Fate::Unknown }) }).await;
    end.unwrap_err();

    assert_eq!(begun.elapsed(), Duration::ZERO);
    let none = timeout(Duration::from_millis(5), pass(&limits, &clusters(1))).await;
    none.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_projects_take_little_memory() {
    let limits = Limits::new();
    let in_use = pass(&limits, &clusters(0)).await.unwrap();
    let mut most = 0;

    for project in 1..100_000 {
        let pass = pass(&limits, &clusters(project)).await.unwrap();
        // Half of them have something worth keeping.
        learn(pass, &remaining(f64::from(9999 + project % 2)));
        most = most.max(known(&limits));
    }

    assert!(most <= 2 * MANY, "{most}");
    let lane = Arc::clone(&in_use.0.as_ref().unwrap().lane);
    let again = pass(&limits, &clusters(0)).await.unwrap();
    assert!(Arc::ptr_eq(&lane, &again.0.as_ref().unwrap().lane));
}

#[tokio::test(start_paused = true)]
async fn the_empty_bucket_is_the_last_to_be_forgotten() {
    let limits = Limits::new();
    learn(pass(&limits, &clusters(0)).await.unwrap(), &remaining(0.0));

    for project in 1..=u32::try_from(MANY).unwrap() {
        learn(pass(&limits, &clusters(project)).await.unwrap(), &remaining(10_000.0));
    }

    assert!(known(&limits) < 10);
    let none = timeout(Duration::from_millis(5), pass(&limits, &clusters(0))).await;
    none.unwrap_err();
}
