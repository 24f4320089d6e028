//! What the simulation counts, and how it prints that.

use std::fmt;

/// What is promised depends on these; see `docs/assumptions.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Regime {
    /// The rule is atomic, and no snapshot ends before lists show it to whoever posts next.
    Promised,
    /// The rule is atomic, snapshots end sooner, landing and lag fit into the polls of a call.
    QuickInside,
    /// The same, but they do not fit.
    QuickOutside,
    /// The rule does not see young snapshots.
    Blind,
    /// There is no rule.
    NoRule,
    /// Lists do not show the tags.
    ExchangeError,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub(crate) cases: u64,
    pub(crate) calls: u64,
    pub(crate) requests: u64,
    pub(crate) kills: u64,
    pub(crate) posts: u64,
    pub(crate) successes: u64,
    /// Snapshots that a call with a key found instead of taking its own.
    pub(crate) adopted: u64,
    pub(crate) ambiguous: u64,
    pub(crate) candidates: u64,
    pub(crate) duplicate_errors: u64,
    pub(crate) failed: u64,
    pub(crate) other_errors: u64,
    pub(crate) regimes: [OfRegime; 6],
}

/// Keys of cases in one regime.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OfRegime {
    pub(crate) keys: u64,
    /// With more than one snapshot at the end, which some call has reported.
    pub(crate) reported: u64,
    /// And which none has.
    pub(crate) unreported: u64,
}

impl Regime {
    const ALL: [Self; 6] = [
        Self::Promised,
        Self::QuickInside,
        Self::QuickOutside,
        Self::Blind,
        Self::NoRule,
        Self::ExchangeError,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Promised => "rule atomic, snapshots last long enough",
            Self::QuickInside => "rule atomic, quick snapshots, landing + lag <= 120 s",
            Self::QuickOutside => "rule atomic, quick snapshots, landing + lag > 120 s",
            Self::Blind => "rule blind for 1 to 60 s",
            Self::NoRule => "no rule",
            Self::ExchangeError => "lists do not show the tags",
        }
    }
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.cases += other.cases;
        self.calls += other.calls;
        self.requests += other.requests;
        self.kills += other.kills;
        self.posts += other.posts;
        self.successes += other.successes;
        self.adopted += other.adopted;
        self.ambiguous += other.ambiguous;
        self.candidates += other.candidates;
        self.duplicate_errors += other.duplicate_errors;
        self.failed += other.failed;
        self.other_errors += other.other_errors;
        for (mine, others) in self.regimes.iter_mut().zip(other.regimes) {
            mine.keys += others.keys;
            mine.reported += others.reported;
            mine.unreported += others.unreported;
        }
    }

    pub(crate) fn of(&mut self, regime: Regime) -> &mut OfRegime {
        &mut self.regimes[regime as usize]
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "cases                 {:>9}", self.cases)?;
        writeln!(f, "calls                 {:>9}", self.calls)?;
        writeln!(f, "  killed              {:>9}", self.kills)?;
        writeln!(f, "  successful          {:>9}", self.successes)?;
        writeln!(f, "    adopted by key    {:>9}", self.adopted)?;
        writeln!(f, "  ambiguous           {:>9}", self.ambiguous)?;
        writeln!(f, "    with candidates   {:>9}", self.candidates)?;
        writeln!(f, "  duplicates reported {:>9}", self.duplicate_errors)?;
        writeln!(f, "  snapshot failed     {:>9}", self.failed)?;
        writeln!(f, "  other errors        {:>9}", self.other_errors)?;
        writeln!(f, "requests              {:>9}", self.requests)?;
        writeln!(f, "  POSTs               {:>9}", self.posts)?;
        writeln!(f, "keys: of all, with duplicates reported, with duplicates unreported")?;
        for regime in Regime::ALL {
            let OfRegime { keys, reported, unreported } = self.regimes[regime as usize];
            writeln!(f, "{keys:>9} {reported:>7} {unreported:>7}  {}", regime.name())?;
        }
        Ok(())
    }
}
