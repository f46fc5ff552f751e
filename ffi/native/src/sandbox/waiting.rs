//! Drives a guest, and cares for its memory while it waits.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::Sleep;

/// A guest that has run for so long since its memory was last measured is measured again.
const MEASURED_EVERY: Duration = Duration::from_millis(20);
/// A guest that waited for so long is measured.
const MEASURED_AFTER: Duration = Duration::from_millis(50);
/// One that waited for so long after that may wait for longer.
const ASLEEP_AFTER: Duration = Duration::from_millis(200);

/// What is done with a guest's memory while the guest does not run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Care {
    /// It counts what the guest has written.
    Measure,
    /// It lets go of what the guest needs only when it goes on.
    Rest,
}

/// Drives a guest. An error of `care` ends it.
pub async fn unless_asleep<T>(
    work: impl Future<Output = wasmtime::Result<T>>,
    care: impl Fn(Care) -> wasmtime::Result<()>,
) -> wasmtime::Result<T> {
    let mut work = pin!(work);
    // Most guests never wait, and need no clock.
    let mut clock: Option<Pin<Box<Sleep>>> = None;
    let mut next = Some(Care::Measure);
    let mut measured = None;
    poll_fn(|context| {
        if let Poll::Ready(output) = work.as_mut().poll(context) {
            return Poll::Ready(output);
        }
        let now = Instant::now();
        let is_due = clock.as_ref().is_some_and(|clock| clock.is_elapsed());
        let delay = match next {
            Some(Care::Measure) if is_due => {
                care(Care::Measure)?;
                measured = Some(now);
                next = Some(Care::Rest);
                ASLEEP_AFTER
            }
            Some(Care::Rest) if is_due => {
                next = None;
                care(Care::Rest)?;
                return Poll::Pending;
            }
            _ => {
                if now - *measured.get_or_insert(now) >= MEASURED_EVERY {
                    care(Care::Measure)?;
                    measured = Some(now);
                }
                next = Some(Care::Measure);
                MEASURED_AFTER
            }
        };
        let at = (now + delay).into();
        match &mut clock {
            None => clock = Some(Box::pin(tokio::time::sleep_until(at))),
            Some(clock) => clock.as_mut().reset(at),
        }
        // It has not passed yet: this registers who is to be woken.
        let _ = clock.as_mut().map(|clock| clock.as_mut().poll(context));
        Poll::Pending
    })
    .await
}

pub async fn passes(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

pub async fn is_cancelled(cancelled: &mut watch::Receiver<bool>) {
    if cancelled.wait_for(|cancelled| *cancelled).await.is_err() {
        // Nobody is left who could cancel.
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use tokio::time::sleep;

    async fn cared_for(work: impl Future<Output = ()>) -> Vec<Care> {
        let seen = RefCell::new(Vec::new());
        let work = async {
            work.await;
            Ok(())
        };
        let care = |care| {
            seen.borrow_mut().push(care);
            Ok(())
        };
        unless_asleep(work, care).await.unwrap();
        seen.into_inner()
    }

    #[tokio::test]
    async fn a_guest_that_sleeps_is_measured_and_then_rests_each_time() {
        assert_eq!(cared_for(async {}).await, []);
        let short = sleep(Duration::from_millis(5));
        assert_eq!(cared_for(short).await, []);
        let sleeps = async {
            for _ in 0..2 {
                sleep(Duration::from_millis(600)).await;
            }
        };
        let once = [Care::Measure, Care::Rest];
        let seen = cared_for(sleeps).await;
        assert_eq!(seen[..2], once);
        assert_eq!(seen[seen.len() - 2..], once);
    }

    #[tokio::test]
    async fn one_that_runs_or_wakes_often_is_measured_again_and_again() {
        let works = async {
            for _ in 0..20 {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let seen = cared_for(works).await;
        assert!((4..=10).contains(&seen.len()), "{seen:?}");
        assert!(seen.iter().all(|care| *care == Care::Measure));
    }

    #[tokio::test]
    async fn who_takes_care_may_end_it() {
        let endless = std::future::pending::<wasmtime::Result<()>>();
        let ended = unless_asleep(endless, |_| Err(wasmtime::format_err!("too much")));
        assert_eq!(ended.await.unwrap_err().to_string(), "too much");
    }
}
