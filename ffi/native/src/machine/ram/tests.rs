use super::*;
use std::time::Duration;

#[test]
fn a_run_has_no_more_than_its_limit_until_something_is_given_back() {
    let run = RunRam::new(1000);
    run.add_image(300).unwrap();
    run.add_image(300).unwrap();
    let (first, second) = (Charge::none(&run), Charge::none(&run));
    first.add(400).unwrap();
    second.add(300).unwrap();
    let shortage = first.add(1).unwrap_err();
    let Failure {
        error_type,
        message,
        ..
    } = shortage.failure("the task");
    assert_eq!(error_type, ErrorType::MemoryLimit);
    assert!(message.contains("1 more bytes"), "{message}");
    assert!(message.contains("may use 1000, of which 1000"), "{message}");
    assert!(message.contains("budget.ram"), "{message}");
    drop(second);
    first.add(300).unwrap();
    first.remove(100);
    first.set_written(60).unwrap();
    first.set_written(100).unwrap();
    assert!(first.set_written(101).is_err());
    assert!(RunRam::new(10).add_image(11).is_err());
}

#[tokio::test]
async fn who_needs_what_an_ended_sandbox_had_waits_for_it() {
    let run = RunRam::new(1000);
    let (ended, next) = (Charge::none(&run), Charge::none(&run));
    ended.add(800).unwrap();
    assert!(next.add_when_freed(500).await.is_err(), "nothing ends");
    ended.end();
    assert!(next.add_when_freed(1001).await.is_err(), "never enough");
    let freeing = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(ended);
    });
    next.add_when_freed(500).await.unwrap();
    freeing.await.unwrap();
    assert_eq!(run.account.ending_bytes.load(Ordering::Relaxed), 0);
    assert_eq!(run.account.used_bytes.load(Ordering::Relaxed), 500);
}

#[test]
fn a_process_has_a_limit_of_its_own() {
    let account = Account::new(UNKNOWN);
    account.add(Owner::Process, SMALL_BYTES).unwrap();
    assert_eq!(account.limit_bytes.load(Ordering::Relaxed), UNKNOWN);
    account.add(Owner::Process, 1).unwrap();
    let limit = account.limit_bytes.load(Ordering::Relaxed);
    assert!(limit >= SMALL_BYTES && limit <= machine_bytes());
    let shortage = account.add(Owner::Process, limit).unwrap_err();
    let Failure { message, .. } = shortage.failure("top-level code");
    assert!(message.contains("configure({ ram })"), "{message}");
}

#[test]
fn the_limits_of_all_control_groups_around_count() {
    let root = std::env::temp_dir().join(format!("capsule-groups-{}", std::process::id()));
    let write = |name: &str, text: &str| {
        let file = root.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    };
    write("memory.max", "max\n");
    write("a/memory.max", "5000\n");
    write("a/b/memory.max", "7000\n");
    write("c/memory.max", "1\n");
    write("memory/d/memory.limit_in_bytes", "6000\n");
    let mut limits = group_limits(&root, "3:cpu,memory:/d\n1:cpu:/c\n0::/a/b\n");
    limits.sort_unstable();
    assert_eq!(limits, [5000, 6000, 7000]);
    assert!(group_limits(&root, "").is_empty());
    fs::remove_dir_all(root).unwrap();
}
