//! How cases are drawn: mostly without faults, all regimes, every fault.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::operations::IfBusy;
use crate::simulation::case::{
    Caller, Case, CorruptEncoding, Kill, Kind, Life, NetworkFaults, NotSharded, OtherSnapshot,
    RetryAfter, Rule, Run, ServiceModel, Shape, Tags,
};

const LONGEST_LIFE: u64 = 600;

pub(crate) fn case() -> impl Strategy<Value = Case> {
    (any::<u64>(), service(), vec(others(), 0..4), vec(faults(), 0..50), vec(caller(), 1..4))
        .prop_map(|(seed, service, others, faults, callers)| Case {
            seed,
            service,
            others,
            faults,
            callers,
        })
}

/// The rule, the longest list lag, the longest landing delay, and how snapshots end.
fn regime() -> impl Strategy<Value = (Rule, u64, u64, Vec<Life>)> {
    let lag =
        || prop_oneof![3 => Just(0_u64), 3 => 1..=20_u64, 2 => 21..=120_u64, 2 => 121..=300_u64];
    let landing = || prop_oneof![3 => Just(0_u64), 3 => 1..=20_u64, 2 => 21..=120_u64];
    let short = || prop_oneof![2 => 0..=20_u64, 3 => 21..=LONGEST_LIFE];
    let long = (lag(), landing()).prop_flat_map(|(lag, landing)| {
        let least = lag + landing + 5;
        (Just(lag), Just(landing), lives(least..=(least + 60).max(LONGEST_LIFE)))
    });
    let inside =
        landing().prop_flat_map(move |landing| (0..=120 - landing, Just(landing), lives(short())));
    let outside = (lag(), 0..=LONGEST_LIFE, lives(short()));
    let others = || (lag(), landing(), lives(short()));
    prop_oneof![
        5 => long.prop_map(|(lag, landing, lives)| (Rule::Atomic, lag, landing, lives)),
        2 => inside.prop_map(|(lag, landing, lives)| (Rule::Atomic, lag, landing, lives)),
        1 => outside.prop_map(|(lag, landing, lives)| (Rule::Atomic, lag, landing, lives)),
        1 => (1..=60_u64, others())
            .prop_map(|(blind, (lag, landing, lives))| (Rule::Blind(blind), lag, landing, lives)),
        1 => others().prop_map(|(lag, landing, lives)| (Rule::Off, lag, landing, lives)),
    ]
}

fn lives(
    seconds: impl Strategy<Value = u64> + Clone + 'static,
) -> impl Strategy<Value = Vec<Life>> {
    let good = seconds.prop_map(|seconds| Life { seconds, fails: false });
    let bad = (0..=LONGEST_LIFE).prop_map(|seconds| Life { seconds, fails: true });
    vec(prop_oneof![5 => good, 1 => bad], 1..5)
}

fn service() -> impl Strategy<Value = ServiceModel> {
    let page = prop_oneof![4 => Just(500_usize), 1 => 1..4_usize];
    let get_lag = prop_oneof![3 => Just(0_u64), 1 => 1..=100_u64, 1 => 101..=150_u64];
    let skew = prop_oneof![Just(0_i64), -3600..=3600_i64];
    let switches = (any::<bool>(), any::<bool>(), any::<bool>());
    let tags = prop_oneof![
        17 => Just(Tags::Kept),
        1 => Just(Tags::Escaped),
        1 => Just(Tags::Unlisted),
        1 => Just(Tags::ExchangeError)
    ];
    (regime(), switches, get_lag, shape(), page, skew, tags).prop_map(
        |((rule, list_lag, landing, lives), switches, get_lag, shape, page, skew, tags)| {
            let (flickers, stale, newest_first) = switches;
            ServiceModel {
                rule,
                list_lag,
                flickers,
                stale,
                get_lag,
                landing,
                lives,
                shape,
                page,
                newest_first,
                skew,
                tags,
            }
        },
    )
}

fn shape() -> impl Strategy<Value = Shape> {
    let says = prop_oneof![
        Just(NotSharded::Empty),
        Just(NotSharded::BadRequest),
        Just(NotSharded::NotFound)
    ];
    let later = prop_oneof![2 => Just(0_u64), 1 => 1..=60_u64];
    let sharded = (any::<bool>(), any::<bool>(), any::<bool>(), later).prop_map(
        |(in_plain, parts_listed, named_late, later)| Shape::Sharded {
            in_plain,
            parts_listed,
            named_late,
            later,
        },
    );
    prop_oneof![
        3 => says.prop_map(|sharded_list| Shape::ReplicaSet { sharded_list }),
        2 => sharded,
    ]
}

fn others() -> impl Strategy<Value = OtherSnapshot> {
    (0..=900_u64, any::<bool>(), any::<bool>())
        .prop_map(|(at, on_demand, same_text)| OtherSnapshot { at, on_demand, same_text })
}

fn faults() -> impl Strategy<Value = NetworkFaults> {
    let there = prop_oneof![6 => 1..=500_u64, 1 => 500..=20_000_u64];
    let back = prop_oneof![6 => 1..=500_u64, 1 => 500..=20_000_u64];
    (kind(), there, back, any::<bool>(), any::<u8>()).prop_map(
        |(kind, there, back, acted, share)| NetworkFaults { kind, there, back, acted, share },
    )
}

fn kind() -> impl Strategy<Value = Kind> {
    let retry_after = prop_oneof![
        2 => Just(RetryAfter::Absent),
        2 => (0..=90_u64).prop_map(RetryAfter::Seconds),
        1 => (0..=90_u64).prop_map(RetryAfter::Date),
        1 => Just(RetryAfter::Unreadable),
    ];
    let garbled = prop_oneof![
        Just(CorruptEncoding::Html),
        Just(CorruptEncoding::Empty),
        Just(CorruptEncoding::Cut),
        Just(CorruptEncoding::NoId),
        Just(CorruptEncoding::BadId),
    ];
    let pages = prop_oneof![
        Just(302_u16),
        Just(307),
        Just(400),
        Just(404),
        Just(408),
        Just(502),
        Just(503)
    ];
    prop_oneof![
        30 => Just(Kind::Clear),
        2 => Just(Kind::NotSent),
        3 => Just(Kind::Reset),
        2 => Just(Kind::Silent),
        2 => retry_after.prop_map(Kind::TooMany),
        1 => Just(Kind::Upgrading),
        1 => prop_oneof![Just(401_u16), Just(403)].prop_map(Kind::Rejected),
        2 => pages.prop_map(Kind::Page),
        2 => prop_oneof![Just(500_u16), Just(503), Just(504)].prop_map(Kind::Broken),
        2 => garbled.prop_map(Kind::CorruptEncoding),
    ]
}

fn caller() -> impl Strategy<Value = Caller> {
    let start = prop_oneof![2 => Just(0_u64), 2 => 0..=20_u64, 1 => 0..=700_u64];
    let key = prop_oneof![5 => Just(Some(0_u8)), 1 => Just(Some(1)), 2 => Just(None)];
    let if_busy = prop_oneof![Just(IfBusy::Raise), Just(IfBusy::Wait), Just(IfBusy::Join)];
    let total = prop_oneof![2 => Just(300_u64), 1 => 1..=60_u64, 1 => 61..=600_u64];
    let times = (prop_oneof![Just(60_u64), 2..=30_u64], total, 0..=6_u32);
    let wait = (any::<bool>(), prop_oneof![2 => Just(3600_u64), 1 => 1..=600_u64]);
    (start, key, if_busy, times, wait, any::<bool>(), runs()).prop_map(
        |(
            start,
            key,
            if_busy,
            (timeout, total_timeout, max_retries),
            (wait, wait_timeout),
            repeats,
            runs,
        )| {
            // A key cannot join.
            let if_busy =
                if key.is_some() && if_busy == IfBusy::Join { IfBusy::Raise } else { if_busy };
            Caller {
                start,
                key,
                if_busy,
                timeout,
                total_timeout,
                max_retries,
                wait,
                wait_timeout,
                repeats,
                runs,
            }
        },
    )
}

fn runs() -> impl Strategy<Value = Vec<Run>> {
    let pause = || prop_oneof![2 => Just(0_u64), 2 => 1..=30_u64, 1 => 31..=600_u64];
    let kill = prop_oneof![
        (0..8_u32).prop_map(Kill::Unsent),
        (0..8_u32).prop_map(Kill::RequestError),
        (0..8_u32).prop_map(Kill::Answered),
        prop_oneof![0..=2000_u64, 0..=200_000_u64].prop_map(Kill::After),
    ];
    let run = (option::weighted(0.7, kill), pause()).prop_map(|(kill, pause)| Run { kill, pause });
    let last = pause().prop_map(|pause| Run { kill: None, pause });
    (vec(run, 0..4), last).prop_map(|(mut runs, last)| {
        runs.push(last);
        runs
    })
}
