//! Two snapshots for one key: where that must not happen, and how often it does elsewhere.

use std::time::Duration;

use crate::error::Error;
use crate::operations::TakeOutcome;
use crate::operations::idempotency::Tag;
use crate::simulation::case::Rule;
use crate::simulation::cluster::Held;
use crate::simulation::counts::{Counts, Regime};
use crate::simulation::world::World;

/// Counts what a key has brought, once everything has landed.
pub(crate) fn settle(world: &mut World, tag: &Tag, counts: &mut Counts) {
    let now = world.now();
    world.cluster.advance(now);
    let good = good(world, tag);
    let regime = regime(world, &good);
    let mut reports = world.calls.iter().filter_map(|call| call.reports.as_deref());
    let is_reported = reports.any(|reported| reported == tag.as_str());
    let count = counts.of(regime);
    count.keys += 1;
    if good.len() > 1 {
        if is_reported {
            count.reported += 1;
        } else {
            count.unreported += 1;
        }
        if regime == Regime::Promised {
            let ids: Vec<_> = good.iter().map(|held| held.id.clone()).collect();
            world.violations.push(format!("duplicates where there must be none: {ids:?}"));
        }
    }
}

/// A later call with the key finds the one snapshot, or reports all of them.
pub(crate) fn check_audit(world: &mut World, tag: &Tag, ended: &TakeOutcome) {
    if world.cluster.service.tags.are_dropped() {
        return;
    }
    let good = good(world, tag);
    let is_right = match (good.as_slice(), &ended.snapshot, &ended.error) {
        ([], Some(_), None) => true,
        // It took the one that there is now.
        ([one], Some(found), None) => one.id == found.id,
        ([_, _, ..], None, Some(Error::Duplicates(duplicates))) => {
            let is_listed = |held: &&Held| duplicates.snapshots.iter().any(|it| it.id == held.id);
            good.len() == duplicates.snapshots.len() && good.iter().all(is_listed)
        }
        _ => false,
    };
    if !is_right {
        world
            .violations
            .push(format!("of {} good snapshots the audit says: {ended:?}", good.len()));
    }
}

/// The snapshots with a tag that have not failed and will not.
fn good<'a>(world: &'a World, tag: &Tag) -> Vec<&'a Held> {
    let tagged = world.cluster.snapshots.iter().filter(|it| it.tag().as_ref() == Some(tag));
    tagged.filter(|held| !held.fails).collect()
}

fn regime(world: &World, good: &[&Held]) -> Regime {
    let (service, lag) = (&world.cluster.service, world.cluster.longest_lag());
    if service.tags.are_dropped() {
        return Regime::ExchangeError;
    }
    match service.rule {
        Rule::Off => return Regime::NoRule,
        Rule::Blind(_) => return Regime::Blind,
        Rule::Atomic => {}
    }
    // From the list read that decided on a POST to its effect.
    let reach = |held: &&Held| {
        let post = held.post.map(|post| &world.posts[post]);
        post.and_then(|post| Some(held.at.saturating_sub(post.listed_at?))).unwrap_or_default()
    };
    let longest_reach = good.iter().map(reach).max().unwrap_or_default();
    let shortest_life = good.iter().map(|held| held.life()).min().unwrap_or(Duration::MAX);
    if Duration::from_secs(lag) + longest_reach <= shortest_life {
        Regime::Promised
    } else if lag + service.landing <= 120 {
        Regime::QuickInside
    } else {
        Regime::QuickOutside
    }
}
