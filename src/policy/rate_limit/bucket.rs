//! One token bucket of the server, as far as its answers and our own requests tell: arithmetic only.
//!
//! The level is estimated as it will be once the server has counted all that was sent. Alone with a
//! server that refills no slower than assumed, the estimate is never above the truth.

#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::time::Instant;

use crate::policy::rate_limit::headers::{RateLimitInfo, Rates, Throttled};

/// What rounding may hide of a whole token.
const ROUNDING: f64 = 1e-6;
/// The longest prediction.
const FAR: Duration = Duration::from_secs(1_000_000_000);

#[derive(Debug)]
pub(crate) struct Bucket {
    rates: Rates,
    /// None: nothing is known, so nothing is held back.
    level: Option<Level>,
    /// How many tickets were given out so far.
    given: u64,
    /// Tickets that have not come back.
    out: u32,
    /// Reservations issued before the last 429.
    issued_at_last_429: u64,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    tokens: f64,
    /// When the level was correct; in the future after a 429, until when there are no tokens.
    at: Instant,
    /// Whether the server sent rate-limit headers, or only a 429.
    is_known: bool,
}

/// One token, taken for one request.
#[derive(Debug)]
pub(crate) struct Reservation {
    /// Its number, from 1.
    serial: u64,
    /// How many others were out when it was given.
    others: u32,
}

impl Bucket {
    pub(crate) fn new(rates: Rates) -> Self {
        Self { rates, level: None, given: 0, out: 0, issued_at_last_429: 0 }
    }

    /// A ticket, if the server would grant the request now.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Reservation> {
        self.refill(now);
        if let Some(level) = &mut self.level {
            if level.at > now || level.tokens < 1.0 - ROUNDING {
                return None;
            }
            level.tokens -= 1.0;
        }
        let others = self.out;
        self.given += 1;
        self.out = self.out.saturating_add(1);
        Some(Reservation { serial: self.given, others })
    }

    /// When there will be a ticket for the one at this place of a queue, counted from 1.
    pub(crate) fn available_at(&self, now: Instant, place: u32) -> Instant {
        let Some(level) = self.level else { return now };
        let missing = (f64::from(place) - level.tokens).max(0.0);
        let seconds = missing / self.rates.per_second;
        let wait = Duration::try_from_secs_f64(seconds).unwrap_or(FAR).min(FAR);
        level.at.checked_add(wait).unwrap_or(level.at).max(now)
    }

    /// The request ended without an answer; one that was not sent took nothing.
    pub(crate) fn release(&mut self, reservation: &Reservation, sent: bool) {
        self.out = self.out.saturating_sub(1);
        if let Some(level) = &mut self.level
            && !sent
            && reservation.serial > self.issued_at_last_429
        {
            level.tokens = (level.tokens + 1.0).min(self.rates.capacity);
        }
    }

    /// Corrects the estimate by the answer to the request.
    #[allow(clippy::needless_pass_by_value)] // a reservation is updated once
    pub(crate) fn update(&mut self, reservation: Reservation, info: &RateLimitInfo, now: Instant) {
        self.out = self.out.saturating_sub(1);
        let is_stale = reservation.serial <= self.issued_at_last_429;
        if let Some(throttled) = &info.throttled {
            self.throttle(throttled, info, is_stale, now);
            return;
        }
        if let Some(capacity) = info.capacity {
            self.rates.capacity = capacity;
        }
        if is_stale {
            // The 429 came after it and is more recent.
            return;
        }
        self.refill(now);
        let Some(remaining) = info.remaining else {
            // The request succeeded without rate-limit headers: assume no limit.
            self.level = self.level.filter(|level| level.is_known);
            return;
        };
        let remaining = remaining.min(self.rates.capacity);
        let since = u32::try_from(self.given - reservation.serial).unwrap_or(u32::MAX);
        // Whatever overlapped with the request may not be counted in the answer,
        let least = remaining - f64::from(reservation.others) - f64::from(since);
        // and what was sent after it, and is still out, will hardly be.
        let most = remaining - f64::from(since.min(self.out));
        let tokens = match self.level.filter(|level| level.is_known) {
            Some(level) => level.tokens.max(least).min(most),
            None => remaining - f64::from(self.out),
        };
        self.level = Some(Level { tokens, at: now, is_known: true });
    }

    /// Whether it could be forgotten: it is full, or nothing is known of it.
    pub(crate) fn is_idle(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.level.is_none_or(|level| {
            level.at <= now && level.tokens >= self.rates.capacity - ROUNDING && self.out == 0
        })
    }

    fn throttle(
        &mut self,
        throttled: &Throttled,
        info: &RateLimitInfo,
        is_stale: bool,
        now: Instant,
    ) {
        self.rates.capacity = info.capacity.unwrap_or(self.rates.capacity);
        self.rates = throttled.rates.unwrap_or(self.rates);
        let at = now + throttled.wait;
        // Of the refusals of one burst the longest counts.
        let before = self.level.filter(|_| is_stale);
        let at = before.map_or(at, |level| level.at.max(at));
        let is_known = throttled.rates.is_some()
            || info.remaining.is_some()
            || self.level.is_some_and(|level| level.is_known);
        self.level = Some(Level { tokens: 1.0, at, is_known });
        self.issued_at_last_429 = self.given;
    }

    fn refill(&mut self, now: Instant) {
        let Some(level) = &mut self.level else { return };
        let passed = now.saturating_duration_since(level.at);
        if passed.is_zero() {
            return;
        }
        // The token of a request in flight cannot be in the bucket.
        let limit = self.rates.capacity - f64::from(self.out);
        let filled = level.tokens + passed.as_secs_f64() * self.rates.per_second;
        level.tokens = filled.min(limit);
        level.at = now;
    }
}
