use super::*;
use crate::values::language::Language;
use crate::values::stack::Stacks;

fn context() -> TaskContext {
    let stacks = Arc::new(Stacks::new(Language::JavaScript, Vec::new()));
    TaskContext {
        call: None,
        folders: Arc::new([]),
        network: None,
        stacks,
        stdin: Arc::default(),
        seen: None,
        draws: None,
        fixed: None,
    }
}

fn sleep(operations: &mut Operations, milliseconds: &str) -> u32 {
    operations
        .start("sleep", Payload::json(milliseconds), &context())
        .unwrap()
}

#[tokio::test]
async fn an_outcome_is_taken_once() {
    let mut operations = Operations::new(10);
    let handle = sleep(&mut operations, "1");
    let waiter = operations.waiter();
    assert_eq!(
        waiter.wait(handle, None).await.unwrap(),
        Some(Payload::json("null"))
    );
    assert!(waiter.wait(handle, None).await.is_err());
    assert!(waiter.wait(u32::MAX, None).await.is_err());
}

#[tokio::test]
async fn poll_tells_each_ended_operation_once() {
    let mut operations = Operations::new(10);
    let waiter = operations.waiter();
    assert!(waiter.poll(None).await.is_empty());
    let first = sleep(&mut operations, "1");
    let second = sleep(&mut operations, "30");
    assert_eq!(waiter.poll(None).await, [first]);
    assert!(waiter.poll(Some(1000)).await.is_empty());
    assert_eq!(waiter.poll(None).await, [second]);
    assert!(waiter.poll(None).await.is_empty());
}

#[tokio::test]
async fn a_wait_times_out_and_can_be_repeated() {
    let mut operations = Operations::new(10);
    let handle = sleep(&mut operations, "20");
    let waiter = operations.waiter();
    assert_eq!(waiter.wait(handle, Some(1000)).await.unwrap(), None);
    assert!(
        waiter
            .wait(handle, Some(10_000_000))
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn cancel_wakes_whoever_polls() {
    let mut operations = Operations::new(10);
    let handle = sleep(&mut operations, "60000");
    let waiter = operations.waiter();
    let polling = tokio::spawn(async move { waiter.poll(None).await });
    tokio::task::yield_now().await;
    operations.cancel(handle);
    operations.cancel(12345);
    assert!(polling.await.unwrap().is_empty());
}

#[tokio::test]
async fn cancel_drops_the_outcome_of_what_has_ended() {
    let mut operations = Operations::new(10);
    let waiter = operations.waiter();
    for _ in 0..100 {
        let handle = sleep(&mut operations, "{");
        assert!(operations.shared.lock().held_bytes > 0);
        operations.cancel(handle);
        operations.cancel(handle);
        assert!(waiter.wait(handle, None).await.is_err());
    }
    let state = operations.shared.lock();
    assert_eq!((state.open(), state.held_bytes), (0, 0));
    assert!(state.untold.is_empty());
}

#[tokio::test]
async fn refuses_what_it_does_not_know() {
    let mut operations = Operations::new(10);
    let waiter = operations.waiter();
    let long = "x".repeat(1 << 20);
    let requests = [
        ("format-disk", "1"),
        (&long, "1"),
        ("sleep", "{"),
        ("call", "{}"),
    ];
    for (operation, request) in requests {
        let handle = operations
            .start(operation, Payload::json(request), &context())
            .unwrap();
        let outcome = waiter.wait(handle, None).await.unwrap().unwrap();
        assert!(outcome.json.contains("invalid_request"), "{outcome:?}");
        assert!(outcome.json.len() < 300);
    }
}

#[tokio::test]
async fn counts_what_is_open_not_what_ever_was() {
    let mut operations = Operations::new(3);
    let waiter = operations.waiter();
    for _ in 0..10 {
        let handle = sleep(&mut operations, "0");
        waiter.wait(handle, None).await.unwrap();
    }
    for _ in 0..3 {
        sleep(&mut operations, "0");
    }
    let error = operations
        .start("sleep", Payload::json("0"), &context())
        .unwrap_err();
    assert!(error.downcast_ref::<Stop>().is_some());
}

#[tokio::test]
async fn outcomes_that_nobody_takes_are_bounded() {
    let operations = Operations::new(10);
    let large = || Payload::json("x".repeat(100 << 20));
    for handle in [1, 2] {
        operations
            .shared
            .lock()
            .tell(handle, Kind::Nothing, large());
    }
    let waiter = operations.waiter();
    let second = waiter.wait(2, None).await.unwrap().unwrap();
    assert!(second.json.contains("resource_limit"));
    assert_eq!(waiter.wait(1, None).await.unwrap(), Some(large()));
    assert_eq!(operations.shared.lock().held_bytes, 0);
}

#[tokio::test]
async fn a_sub_task_whose_envelope_is_not_held_has_one_that_says_so() {
    let operations = Operations::new(10);
    for handle in [1, 2] {
        let large = Payload::json("x".repeat(100 << 20));
        let kind = Kind::Call("part".to_owned(), None);
        operations.shared.lock().tell(handle, kind, large);
    }
    let second = operations.waiter().wait(2, None).await.unwrap().unwrap();
    let envelope: serde_json::Value = serde_json::from_str(&second.json).unwrap();
    assert_eq!(envelope["success"], false);
    assert_eq!(envelope["error"]["error_type"], "resource_limit");
    assert_eq!(envelope["execution"]["task_name"], "part");
}
