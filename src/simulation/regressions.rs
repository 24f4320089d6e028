//! What the simulation has found, as the smallest cases that show it.

use crate::operations::IfBusy;
use crate::simulation::case::{
    Caller, Case, Kind, Life, NetworkFaults, NotSharded, OtherSnapshot, Rule, Run, ServiceModel,
    Shape, Tags,
};
use crate::simulation::play;

const CLEAR: NetworkFaults = NetworkFaults::CLEAR;
const LATE_PARTS: Shape =
    Shape::Sharded { in_plain: false, parts_listed: true, named_late: true, later: 0 };

fn case(shape: Shape, lives: &[(u64, bool)], callers: Vec<Caller>) -> Case {
    let lives = lives.iter().map(|&(seconds, fails)| Life { seconds, fails }).collect();
    let service = ServiceModel {
        rule: Rule::Atomic,
        list_lag: 0,
        flickers: false,
        stale: false,
        get_lag: 0,
        landing: 0,
        lives,
        shape,
        page: 500,
        newest_first: true,
        skew: 0,
        tags: Tags::Kept,
    };
    Case { seed: 0, service, others: Vec::new(), faults: Vec::new(), callers }
}

fn caller(start: u64, key: Option<u8>) -> Caller {
    Caller {
        start,
        key,
        if_busy: IfBusy::Raise,
        timeout: 60,
        total_timeout: 300,
        max_retries: 0,
        wait: false,
        wait_timeout: 3600,
        repeats: false,
        runs: vec![Run { kill: None, pause: 0 }],
    }
}

fn faults(kind: Kind) -> NetworkFaults {
    NetworkFaults { kind, ..CLEAR }
}

fn slow(there: u64) -> NetworkFaults {
    NetworkFaults { there, ..CLEAR }
}

#[track_caller]
fn holds(case: &Case) {
    if let Err(violations) = play(case) {
        panic!("{violations}");
    }
}

#[test]
fn a_gateways_404_does_not_say_that_a_cluster_is_not_sharded() {
    let callers = vec![caller(0, Some(0)), caller(200, Some(0))];
    let mut case = case(LATE_PARTS, &[(100, false)], callers);
    // The first caller lists, posts and lists; the second one lists.
    case.faults = vec![CLEAR, CLEAR, CLEAR, CLEAR, CLEAR, CLEAR, faults(Kind::Page(404))];

    holds(&case);
}

#[test]
fn the_good_part_of_a_failed_sharded_snapshot_is_not_the_snapshot() {
    let callers = vec![caller(0, Some(0)), caller(200, Some(0))];
    holds(&case(LATE_PARTS, &[(100, true), (100, false)], callers));
}

#[test]
fn parts_that_are_listed_before_their_whole_are_no_duplicates_of_it() {
    let later = Shape::Sharded { in_plain: false, parts_listed: true, named_late: true, later: 30 };
    // The second one comes when lists show the parts only.
    holds(&case(later, &[(100, false)], vec![caller(0, Some(0)), caller(10, Some(0))]));
}

#[test]
fn a_part_that_was_running_before_its_whole_failed_is_not_running() {
    let callers = vec![caller(0, None), Caller { if_busy: IfBusy::Join, ..caller(99, None) }];
    let mut case = case(LATE_PARTS, &[(100, true)], callers);
    // The second caller is rejected, and sees the parts at 99.9 s, the whole at 101 s.
    case.faults = vec![CLEAR, slow(500), slow(350), slow(1000)];

    holds(&case);
}

#[test]
fn duplicates_are_looked_for_after_a_long_wait_for_somebody_else_too() {
    let waiting =
        Caller { if_busy: IfBusy::Wait, wait: true, total_timeout: 60, ..caller(1, Some(0)) };
    let sharded_list = NotSharded::Empty;
    holds(&case(
        Shape::ReplicaSet { sharded_list },
        &[(500, false)],
        vec![caller(0, None), waiting],
    ));
}

#[test]
fn a_snapshot_that_late_lists_show_as_running_is_not_waited_for_again_and_again() {
    let waiting = Caller { if_busy: IfBusy::Wait, ..caller(101, None) };
    let sharded_list = NotSharded::Empty;
    let mut case = case(Shape::ReplicaSet { sharded_list }, &[(100, false)], vec![waiting]);
    (case.service.list_lag, case.service.stale) = (50, true);
    case.others =
        [0, 100].map(|at| OtherSnapshot { at, on_demand: true, same_text: false }).to_vec();

    holds(&case);
}
