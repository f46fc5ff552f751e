//! What a guest waits for, and what waits for it.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::Sleep;

/// A guest that waited for so long may wait for longer.
const ASLEEP_AFTER: Duration = Duration::from_millis(250);

/// Drives a guest, and calls back when it has waited for something for long.
pub async fn unless_asleep<F: Future>(work: F, rest: impl Fn() -> io::Result<()>) -> F::Output {
    let mut work = pin!(work);
    // Most guests never wait, and need no clock.
    let mut clock: Option<Pin<Box<Sleep>>> = None;
    let mut is_armed = false;
    poll_fn(|context| {
        if let Poll::Ready(output) = work.as_mut().poll(context) {
            return Poll::Ready(output);
        }
        match &mut clock {
            None => clock = Some(Box::pin(tokio::time::sleep(ASLEEP_AFTER))),
            Some(clock) if is_armed && clock.is_elapsed() => {
                // One that cannot rest weighs more, and is right.
                let _ = rest();
                is_armed = false;
                return Poll::Pending;
            }
            Some(clock) => clock.as_mut().reset((Instant::now() + ASLEEP_AFTER).into()),
        }
        is_armed = true;
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
