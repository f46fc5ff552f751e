use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Lets go for a moment, as Wasmtime does at a tick.
async fn tick() {
    let mut ticked = false;
    poll_fn(|context| {
        if std::mem::replace(&mut ticked, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn yes() -> Arc<AtomicBool> {
    Arc::new(AtomicBool::new(true))
}

/// Yields so often, and counts who is inside.
async fn spin(times: usize, inside: &AtomicUsize, most: &AtomicUsize) {
    for _ in 0..times {
        let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
        most.fetch_max(now, Ordering::SeqCst);
        std::thread::sleep(Duration::from_micros(200));
        inside.fetch_sub(1, Ordering::SeqCst);
        tick().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_more_run_at_once_than_there_are_turns() {
    let cpu = Arc::new(Cpu::new(2));
    let counts = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..20)
        .map(|task| {
            let (cpu, counts) = (Arc::clone(&cpu), Arc::clone(&counts));
            tokio::spawn(async move {
                let work = spin(10, &counts.0, &counts.1);
                cpu.take_turns(task % 3, yes(), work).await;
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(counts.1.load(Ordering::SeqCst), 2);
    assert_eq!(cpu.lock().free, 2);
}

#[tokio::test]
async fn runs_take_turns_however_many_tasks_they_have() {
    let cpu = Arc::new(Cpu::new(1));
    let order = Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = [1, 1, 1, 1, 2]
        .into_iter()
        .map(|run| {
            let (cpu, order) = (Arc::clone(&cpu), Arc::clone(&order));
            tokio::spawn(async move {
                let work = async {
                    for _ in 0..3 {
                        lock(&order).push(run);
                        tick().await;
                    }
                };
                cpu.take_turns(run, yes(), work).await;
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let order = lock(&order);
    let last = order.iter().rposition(|run| *run == 2).unwrap();
    assert!(last < 8, "run 2 waits for all of run 1: {order:?}");
}

#[tokio::test]
async fn who_was_not_interrupted_waits_for_no_turn() {
    let cpu = Arc::new(Cpu::new(1));
    cpu.lock().free = 0;
    let interrupted = Arc::new(AtomicBool::new(false));
    let work = async {
        tick().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        interrupted.store(true, Ordering::Relaxed);
        tick().await;
    };
    let work = cpu.take_turns(1, Arc::clone(&interrupted), work);
    let mut work = pin!(tokio::time::timeout(Duration::from_millis(50), work));
    assert!(work.as_mut().await.is_err());
    assert!(interrupted.load(Ordering::Relaxed), "it came to its tick");
    assert_eq!(cpu.lock().waiting.len(), 1);
}

#[tokio::test]
async fn a_dropped_task_gives_its_turn_back() {
    let cpu = Arc::new(Cpu::new(1));
    let forever = tokio::spawn({
        let cpu = Arc::clone(&cpu);
        async move {
            let work = async {
                loop {
                    tokio::task::yield_now().await;
                }
            };
            cpu.take_turns(1, yes(), work).await;
        }
    });
    let waiting: Vec<_> = (0..5)
        .map(|_| {
            let cpu = Arc::clone(&cpu);
            tokio::spawn(async move {
                cpu.take_turns(2, yes(), std::future::pending::<()>()).await;
            })
        })
        .collect();
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    for task in waiting {
        task.abort();
    }
    forever.abort();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(cpu.lock().free, 1);
    cpu.take_turns(3, yes(), async {}).await;
}
