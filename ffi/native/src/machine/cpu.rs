//! Turns for guests that do not let go, fair to runs.
//!
//! Such a guest runs for a tick at a time. If a thousand of them stood in the queue of the executor, they
//! would stand between a timer and the task that it wakes. Whoever was interrupted by a tick waits here
//! instead, and the executor knows only of those whose turn it is. Most guests end before their first tick
//! and never come here: turns would halve their number a second.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// The turns of one runtime.
#[derive(Debug)]
pub struct Cpu {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// Runs that wait, in the order of their turns; each with its tasks, in theirs.
    waiting: VecDeque<(u64, VecDeque<Arc<Ticket>>)>,
}

/// One piece of guest code. It is the waker of its future: being woken, it wants a turn.
#[derive(Debug)]
struct Ticket {
    cpu: Arc<Cpu>,
    run: u64,
    /// Set once it was interrupted: from then on it takes turns.
    interrupted: Arc<AtomicBool>,
    place: Mutex<Place>,
}

#[derive(Debug)]
struct Place {
    at: At,
    /// Of the task that polls it.
    waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    /// Nothing to do until it is woken.
    Idle,
    /// It waits for a turn.
    Queued,
    /// It was given a turn that it has not begun.
    Called,
    Running,
    /// The same, and it was woken meanwhile.
    RunningOn,
    Gone,
}

impl Cpu {
    pub fn new(turns: usize) -> Self {
        Self {
            state: Mutex::new(State {
                free: turns.max(1),
                waiting: VecDeque::new(),
            }),
        }
    }

    /// Polls a future, once it was interrupted only in turns of its run.
    pub async fn take_turns<F: Future>(
        self: &Arc<Self>,
        run: u64,
        interrupted: Arc<AtomicBool>,
        work: F,
    ) -> F::Output {
        let mut work = pin!(work);
        let visit = Visit(Arc::new(Ticket {
            cpu: Arc::clone(self),
            run,
            interrupted,
            place: Mutex::new(Place {
                at: At::Idle,
                waker: None,
            }),
        }));
        let ticket = &visit.0;
        let waker = Waker::from(Arc::clone(ticket));
        let mut takes_turns = false;
        poll_fn(|context| {
            if !takes_turns {
                if !ticket.is_interrupted() {
                    ticket.follow(context);
                    let polled = work.as_mut().poll(&mut Context::from_waker(&waker));
                    if polled.is_ready() || !ticket.is_interrupted() {
                        return polled;
                    }
                }
                // It was woken, or has never been polled.
                takes_turns = true;
                ticket.follow(context);
                ticket.want_turn();
            }
            if !ticket.begin(context) {
                return Poll::Pending;
            }
            let turn = Turn(ticket);
            let polled = work.as_mut().poll(&mut Context::from_waker(&waker));
            drop(turn);
            polled
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    fn queue(&mut self, ticket: &Arc<Ticket>) {
        let run = ticket.run;
        match self.waiting.iter_mut().find(|(waiting, _)| *waiting == run) {
            Some((_, tickets)) => tickets.push_back(Arc::clone(ticket)),
            None => self
                .waiting
                .push_back((run, VecDeque::from([Arc::clone(ticket)]))),
        }
    }

    /// Gives a turn to whoever is next.
    fn pass_on(&mut self) {
        while let Some((run, mut tickets)) = self.waiting.pop_front() {
            let next = tickets.pop_front();
            if !tickets.is_empty() {
                self.waiting.push_back((run, tickets));
            }
            let Some(next) = next else { continue };
            let mut place = lock(&next.place);
            if place.at == At::Queued {
                place.call();
                return;
            }
        }
        self.free += 1;
    }
}

impl Ticket {
    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Remembers who polls.
    fn follow(&self, context: &Context<'_>) {
        lock(&self.place).waker = Some(context.waker().clone());
    }

    /// Takes a free turn, or waits for one.
    fn want_turn(self: &Arc<Self>) {
        let mut state = self.cpu.lock();
        let mut place = lock(&self.place);
        match place.at {
            At::Idle if state.free > 0 => {
                state.free -= 1;
                place.call();
            }
            At::Idle => {
                place.at = At::Queued;
                state.queue(self);
            }
            At::Running => place.at = At::RunningOn,
            At::Queued | At::Called | At::RunningOn | At::Gone => {}
        }
    }

    /// Whether its turn begins now.
    fn begin(&self, context: &Context<'_>) -> bool {
        let mut place = lock(&self.place);
        place.waker = Some(context.waker().clone());
        if place.at == At::Called {
            place.at = At::Running;
            return true;
        }
        false
    }

    /// Passes its turn on.
    fn end(self: &Arc<Self>) {
        let mut state = self.cpu.lock();
        let mut place = lock(&self.place);
        if place.at == At::RunningOn {
            if state.waiting.is_empty() {
                // Nobody else wants it.
                place.call();
                return;
            }
            place.at = At::Queued;
            state.queue(self);
        } else {
            place.at = At::Idle;
        }
        drop(place);
        state.pass_on();
    }
}

impl Wake for Ticket {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.is_interrupted() {
            self.want_turn();
            return;
        }
        let waker = lock(&self.place).waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Place {
    fn call(&mut self) {
        self.at = At::Called;
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// A turn, which ends even if the guest's code panics.
struct Turn<'a>(&'a Arc<Ticket>);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Gives back what a dropped future was given.
struct Visit(Arc<Ticket>);

impl Drop for Visit {
    fn drop(&mut self) {
        let mut state = self.0.cpu.lock();
        let at = std::mem::replace(&mut lock(&self.0.place).at, At::Gone);
        if at == At::Called {
            state.pass_on();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
