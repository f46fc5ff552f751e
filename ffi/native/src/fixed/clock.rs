//! A clock that advances by sleeps as they were asked for and by readings, not by the time that anything really takes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

/// How much a reading advances the clock: loops that poll it end, and no two readings are equal.
const STEP: Duration = Duration::from_micros(10);
const STEP_NS: u64 = STEP.as_nanos() as u64;
/// Event loops round delays to microseconds. A timer that is set later is due later by two readings at least.
const SAME_NS: u64 = 5_000;

/// The clock of one task. Its sandbox alone changes it.
#[derive(Debug)]
pub struct Clock {
    start: Duration,
    elapsed_ns: AtomicU64,
    /// The timer that is waited for: when it is due here, and since when it is waited for in truth.
    awaited: Mutex<Option<(u64, Instant)>>,
}

impl Clock {
    pub fn starting(at: Duration) -> Self {
        Self::new(at, 0)
    }

    /// One that goes on from here by itself.
    pub fn fork(&self) -> Self {
        Self::new(self.start, self.elapsed_ns())
    }

    fn new(start: Duration, elapsed_ns: u64) -> Self {
        Self {
            start,
            elapsed_ns: AtomicU64::new(elapsed_ns),
            awaited: Mutex::default(),
        }
    }

    fn elapsed_ns(&self) -> u64 {
        self.elapsed_ns.load(Ordering::Relaxed)
    }

    /// A look at it, in nanoseconds since its start.
    fn look(&self) -> u64 {
        let seen = self.elapsed_ns();
        self.advance_to(seen.saturating_add(STEP_NS));
        seen
    }

    pub fn advance(&self, nanoseconds: u64) {
        self.advance_to(self.elapsed_ns().saturating_add(nanoseconds));
    }

    fn advance_to(&self, elapsed_ns: u64) {
        self.elapsed_ns.fetch_max(elapsed_ns, Ordering::Relaxed);
    }

    /// How much time is left, in nanoseconds, until it shows what a guest sleeps for.
    pub fn until(&self, elapsed_ns: u64) -> u64 {
        elapsed_ns.saturating_sub(self.elapsed_ns())
    }

    /// How long a timer with this delay still has to wait in real time, in microseconds. Operations that end before it do
    /// not advance this clock: without this, they could put the timer off for ever.
    pub fn left(&self, delay_us: u64) -> u64 {
        if delay_us == 0 {
            return 0;
        }
        let due = self
            .elapsed_ns()
            .saturating_add(delay_us.saturating_mul(1000));
        let mut awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        match *awaited {
            Some((known, since)) if known.abs_diff(due) < SAME_NS => {
                let waited = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
                delay_us.saturating_sub(waited)
            }
            _ => {
                *awaited = Some((due, Instant::now()));
                delay_us
            }
        }
    }
}

/// Advances the clock of the task that takes an outcome to the time at which the operation ended on its own clock.
#[derive(Clone, Debug)]
pub struct Meanwhile {
    clock: Arc<Clock>,
    other: Arc<Clock>,
}

impl Meanwhile {
    /// A sleep that begins now.
    pub fn asleep(clock: &Arc<Clock>, duration: Duration) -> Self {
        let other = clock.fork();
        other.advance(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
        Self::of(clock, &Arc::new(other))
    }

    /// A sub-task that has a clock of its own.
    pub fn of(clock: &Arc<Clock>, other: &Arc<Clock>) -> Self {
        Self {
            clock: Arc::clone(clock),
            other: Arc::clone(other),
        }
    }

    pub fn end(&self) {
        self.clock.advance_to(self.other.elapsed_ns());
    }
}

pub struct Wall(pub Arc<Clock>);

impl HostWallClock for Wall {
    fn resolution(&self) -> Duration {
        STEP
    }

    fn now(&self) -> Duration {
        let Self(clock) = self;
        clock
            .start
            .saturating_add(Duration::from_nanos(clock.look()))
    }
}

pub struct Monotonic(pub Arc<Clock>);

impl HostMonotonicClock for Monotonic {
    fn resolution(&self) -> u64 {
        STEP_NS
    }

    fn now(&self) -> u64 {
        self.0.look()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::sleep;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_look_takes_ten_microseconds_and_a_sleep_what_it_was_asked_for() {
        let clock = Arc::new(Clock::starting(Duration::from_secs(5)));
        assert_eq!(Wall(Arc::clone(&clock)).now(), Duration::from_secs(5));
        assert_eq!(Monotonic(Arc::clone(&clock)).now(), STEP_NS);
        let asleep = Meanwhile::asleep(&clock, Duration::from_millis(3));
        sleep(Duration::from_millis(5));
        assert_eq!(clock.elapsed_ns(), 2 * STEP_NS);
        asleep.end();
        assert_eq!(clock.elapsed_ns(), 2 * STEP_NS + 3 * MS);
        // It never goes back, and ends nowhere.
        asleep.end();
        Meanwhile::asleep(&clock, Duration::MAX).end();
        Wall(Arc::clone(&clock)).now();
        assert_eq!(clock.elapsed_ns(), u64::MAX);
    }

    #[test]
    fn a_sub_task_takes_the_time_that_it_has_waited_for() {
        let clock = Arc::new(Clock::starting(Duration::ZERO));
        clock.advance(MS);
        let (one, other) = (Arc::new(clock.fork()), Arc::new(clock.fork()));
        one.advance(2 * MS);
        other.advance(5 * MS);
        Meanwhile::of(&clock, &other).end();
        Meanwhile::of(&clock, &one).end();
        assert_eq!(clock.elapsed_ns(), 6 * MS);
    }

    #[test]
    fn a_timer_is_due_in_time_whatever_ends_before_it() {
        let clock = Clock::starting(Duration::ZERO);
        assert_eq!(clock.left(50_000), 50_000);
        sleep(Duration::from_millis(20));
        assert_eq!(clock.left(0), 0);
        clock.look();
        assert!(clock.left(49_990) <= 30_000);
        assert_eq!(clock.left(90_000), 90_000);
    }

    #[test]
    fn a_timer_does_not_inherit_what_one_before_it_has_waited() {
        let clock = Clock::starting(Duration::ZERO);
        assert_eq!(clock.left(50_000), 50_000);
        sleep(Duration::from_millis(20));
        // The first one is cancelled, and another one with the same delay set.
        clock.look();
        clock.look();
        assert_eq!(clock.left(50_000), 50_000);
    }
}
