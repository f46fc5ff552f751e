//! `seed` and `now`: random bytes and a clock that are the same each time.

mod clock;
mod stream;

pub use clock::{Clock, Meanwhile};

use serde::Deserialize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use stream::{Key, Stream};
use wasmtime_wasi::WasiCtxBuilder;

/// 10000-01-01: dates from then on have no year of four digits.
const NOW_MS_BELOW: f64 = 9_214_646_400_000.0;

/// What the host fixes, of a load or of a run.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct FixedRequest {
    pub seed: Option<u64>,
    /// Milliseconds since 1970.
    pub now_ms: Option<f64>,
}

/// Where the random bytes and the time of one task come from, as far as they are not the host's.
#[derive(Debug)]
pub struct Fixed {
    stream: Option<Mutex<Stream>>,
    clock: Option<Arc<Clock>>,
}

impl FixedRequest {
    /// A bad value is an error, never "not fixed".
    pub fn check(&self) -> Result<(), &'static str> {
        match self.now_ms {
            Some(now) if !(0.0..NOW_MS_BELOW).contains(&now) => {
                Err("now_ms is not between 1970 and 2261")
            }
            _ => Ok(()),
        }
    }

    /// Of top-level code.
    pub fn load(&self) -> Option<Arc<Fixed>> {
        self.begin("load")
    }

    /// Of the task that the host calls.
    pub fn run(&self) -> Option<Arc<Fixed>> {
        self.begin("run")
    }

    fn begin(&self, what: &str) -> Option<Arc<Fixed>> {
        let Self { seed, now_ms } = *self;
        if seed.is_none() && now_ms.is_none() {
            return None;
        }
        let key = seed.map(|seed| Key::of_seed(seed).derive(&[what.as_bytes()]));
        let now = now_ms.map(|now| Duration::from_millis(now as u64));
        Some(Fixed::new(key, now.map(Clock::starting)))
    }
}

impl Fixed {
    fn new(key: Option<Key>, clock: Option<Clock>) -> Arc<Self> {
        Arc::new(Self {
            stream: key.map(|key| Mutex::new(Stream::new(key))),
            clock: clock.map(Arc::new),
        })
    }

    /// Of an attempt, 0 the first: a retry must not draw the bytes again that made the first one fail. The clock goes on.
    pub fn attempt(&self, attempt: u32) -> Arc<Self> {
        let derive = |stream: &mut Stream| stream.key().derive(&[b"try", &attempt.to_le_bytes()]);
        Arc::new(Self {
            stream: self
                .with_stream(derive)
                .map(|key| Mutex::new(Stream::new(key))),
            clock: self.clock.clone(),
        })
    }

    /// Of a sub-task, identified by its name, its arguments and its turn among equal calls of this attempt, so that the order
    /// in which different calls start does not count. Its clock starts at the present time of this one.
    pub fn sub_task(&self, call: &[&[u8]]) -> Arc<Self> {
        let key = self.with_stream(|stream| stream.next_turn(call));
        Self::new(key, self.clock.as_ref().map(|clock| clock.fork()))
    }

    /// Draws bytes. False if they are the host's to give.
    pub fn fill(&self, bytes: &mut [u8]) -> bool {
        self.with_stream(|stream| stream.fill(bytes)).is_some()
    }

    pub fn clock(&self) -> Option<&Arc<Clock>> {
        self.clock.as_ref()
    }

    /// Gives a guest's WASI what is fixed.
    pub fn configure(&self, wasi: &mut WasiCtxBuilder) {
        if let Some(clock) = &self.clock {
            wasi.wall_clock(clock::Wall(Arc::clone(clock)));
            wasi.monotonic_clock(clock::Monotonic(Arc::clone(clock)));
        }
        let mut seed = [0; 16];
        if self.fill(&mut seed) {
            wasi.insecure_random_seed(u128::from_le_bytes(seed));
        }
    }

    fn with_stream<T>(&self, work: impl FnOnce(&mut Stream) -> T) -> Option<T> {
        let stream = self.stream.as_ref()?;
        Some(work(
            &mut stream.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(fixed: &Fixed) -> [u8; 40] {
        let mut bytes = [0; 40];
        assert!(fixed.fill(&mut bytes));
        bytes
    }

    fn seeded(seed: u64) -> Arc<Fixed> {
        let request = FixedRequest {
            seed: Some(seed),
            now_ms: None,
        };
        request.run().unwrap()
    }

    #[test]
    fn nothing_is_fixed_unless_it_is_asked_for() {
        assert!(FixedRequest::default().run().is_none());
        let now = FixedRequest {
            seed: None,
            now_ms: Some(0.0),
        };
        assert!(!now.run().unwrap().fill(&mut [0]));
        assert!(seeded(0).clock().is_none());
    }

    #[test]
    fn bytes_depend_on_the_seed_the_attempt_and_the_path_alone() {
        let of = |seed| draw(&seeded(seed).attempt(0));
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        assert_ne!(of(1), draw(&seeded(1).attempt(1)));
        let load = FixedRequest {
            seed: Some(1),
            now_ms: None,
        };
        assert_ne!(of(1), draw(&load.load().unwrap().attempt(0)));

        let (one, other) = (seeded(1).attempt(0), seeded(1).attempt(0));
        // What was drawn, and in which order different calls begin, does not count.
        draw(&one);
        let a = draw(&one.sub_task(&[b"a", b"1"]));
        let b = draw(&one.sub_task(&[b"b", b"1"]));
        assert_eq!(draw(&other.sub_task(&[b"b", b"1"])), b);
        assert_eq!(draw(&other.sub_task(&[b"a", b"1"])), a);
        assert_ne!(draw(&one.sub_task(&[b"a", b"1"])), a);
        assert_ne!(draw(&one.sub_task(&[b"a1", b""])), a);
        let nested = one.sub_task(&[b"c"]).attempt(0).sub_task(&[b"a", b"1"]);
        assert_ne!(draw(&nested), a);
    }

    #[test]
    fn bytes_are_the_same_however_many_are_drawn_at_once() {
        let (one, other) = (seeded(3), seeded(3));
        let mut whole = [0; 100];
        one.fill(&mut whole);
        let mut parts = [0; 100];
        for part in parts.chunks_mut(7) {
            other.fill(part);
        }
        assert_eq!(whole, parts);
    }

    #[test]
    fn a_time_that_no_clock_shows_is_refused() {
        let check = |now_ms| {
            FixedRequest {
                seed: None,
                now_ms: Some(now_ms),
            }
            .check()
        };
        assert!(check(0.0).is_ok() && check(1_767_225_600_000.0).is_ok());
        for bad in [-1.0, 1e18, f64::NAN, f64::INFINITY] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<FixedRequest>(r#"{"seed": -1}"#).is_err());
        assert!(serde_json::from_str::<FixedRequest>(r#"{"sed": 1}"#).is_err());
    }
}
