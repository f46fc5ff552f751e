use super::*;
use crate::image::dirty::PAGE;
use crate::image::dirty::tests::base_file;
use crate::image::{Base, faults};

const GUARD: usize = 1 << 16;

fn image(pages: &[u8]) -> Image {
    let base = Base::new(base_file(pages)).unwrap();
    Image::of_base(Arc::new(base))
}

fn whole(pages: &[u8]) -> Image {
    let image = image(pages);
    image.make_whole().unwrap();
    image
}

fn slot(pages: usize) -> Slot {
    let slot = Slot::new(16 * PAGE, GUARD).unwrap();
    slot.grow(pages * PAGE).unwrap();
    slot
}

/// One byte of each page.
fn bytes(slot: &Slot) -> Vec<u8> {
    // SAFETY: no guest runs in tests.
    let memory = unsafe { slot.bytes() };
    memory.chunks(PAGE).map(|page| page[7]).collect()
}

fn write(slot: &Slot, page: usize, byte: u8) {
    assert!(page * PAGE < slot.len());
    // SAFETY: an accessible byte.
    unsafe { slot.base().add(page * PAGE + 7).write(byte) };
}

fn map(slot: &Slot, image: &Image) {
    // SAFETY: no guest runs in tests.
    unsafe { slot.map(image).unwrap() };
}

#[test]
fn grows_up_to_its_capacity_and_not_past_it() {
    let slot = slot(1);
    let base = slot.base();
    slot.grow(16 * PAGE).unwrap();
    write(&slot, 15, 7);
    assert!(slot.grow(16 * PAGE + 1).is_err());
    assert_eq!((slot.len(), slot.base()), (16 * PAGE, base));
    assert!(Slot::new(usize::MAX, GUARD).is_err());
}

/// Memory of somebody else, where a mapping that failed has left a hole.
fn settle(address: *mut u8) -> *mut u8 {
    // SAFETY: a new mapping, which replaces none.
    let mapped = unsafe {
        libc::mmap(
            address.cast(),
            PAGE,
            READ_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE,
            -1,
            0,
        )
    };
    assert_eq!(mapped, address.cast(), "there is no hole");
    // SAFETY: mapped just now.
    unsafe { address.write(7) };
    address
}

/// Nobody has touched it, and it is there.
fn assert_settled(address: *mut u8) {
    let mut resident = 0;
    // SAFETY: it only asks about the page.
    let status = unsafe { libc::mincore(address.cast(), PAGE, &raw mut resident) };
    assert_eq!(status, 0, "it was unmapped");
    // SAFETY: mapped, as was just seen.
    assert_eq!(unsafe { address.read() }, 7);
}

#[test]
fn a_slot_whose_mapping_failed_is_neither_used_again_nor_unmapped() {
    let (image, other) = (image(&[1, 2, 3]), whole(&[8, 9]));
    // A file over zeroes; zeroes over another image, and a file over those; and both of a program's two.
    for failing in 0..2 {
        for before in [None, Some(&other)] {
            let slot = slot(3);
            if let Some(before) = before {
                map(&slot, before);
            }
            faults::fail_after(failing);
            // SAFETY: no guest runs in tests.
            let mapped = unsafe { slot.map(&image) };
            if !faults::has_failed() {
                assert_eq!((failing, before.is_none()), (1, true), "it has one mapping");
                continue;
            }
            assert!(mapped.is_err());
            let somebody = settle(slot.base());
            // SAFETY: as above.
            assert!(unsafe { slot.map(&other) }.is_err());
            assert!(slot.recycle().is_err());
            assert!(!slot.is_ready_for(&image) && !slot.is_ready_for(&other));
            drop(slot);
            assert_settled(somebody);
        }
    }
}

#[test]
fn a_slot_that_cannot_be_emptied_is_given_up() {
    let image = whole(&[1, 2, 3]);
    for call in 0..3 {
        let slot = slot(3);
        if call > 0 {
            map(&slot, &image);
            slot.grow(5 * PAGE).unwrap();
        }
        faults::fail_after(0);
        assert!(slot.recycle().is_err(), "{call}");
        assert!(faults::has_failed());
        let hole = if call > 0 { 3 * PAGE } else { 0 };
        // SAFETY: an address inside the reservation.
        let somebody = settle(unsafe { slot.base().add(hole) });
        assert!(slot.recycle().is_err());
        drop(slot);
        assert_settled(somebody);
    }
}

#[test]
fn a_slot_that_could_not_grow_is_not_used_for_another_instance() {
    let image = whole(&[1, 2, 3]);
    let slot = slot(3);
    map(&slot, &image);
    // What lies behind cannot be made accessible.
    // SAFETY: an inaccessible part of the reservation, which is put back below.
    let hole = unsafe { slot.base().add(5 * PAGE) };
    // SAFETY: as above.
    assert_eq!(unsafe { libc::munmap(hole.cast(), PAGE) }, 0);
    assert!(slot.grow(6 * PAGE).is_err());
    assert_eq!(slot.len(), 3 * PAGE);
    // SAFETY: it was unmapped above; tests of other threads map nothing at an address of theirs.
    unsafe { map_nothing_at(hole, PAGE, libc::PROT_NONE).unwrap() };
    assert!(slot.recycle().is_err());
    assert!(!slot.is_ready_for(&image));
}

#[test]
fn starts_as_the_image_and_zeroes_behind_it() {
    let slot = slot(3);
    map(&slot, &image(&[1, 2]));
    slot.grow(4 * PAGE).unwrap();
    assert_eq!(bytes(&slot), [1, 2, 0, 0]);
    let large = image(&[1; 5]);
    // SAFETY: no guest runs in tests.
    assert!(unsafe { slot.map(&large) }.is_err());
}

#[test]
fn a_call_leaves_nothing_to_the_next_of_its_program() {
    let image = whole(&[1, 2, 3]);
    let slot = slot(3);
    for round in 0..3 {
        map(&slot, &image);
        slot.grow(5 * PAGE).unwrap();
        assert_eq!(bytes(&slot), [1, 2, 3, 0, 0], "{round}");
        for page in 0..5 {
            write(&slot, page, 99);
        }
        assert!(!slot.is_ready_for(&image));
        slot.recycle().unwrap();
        assert!(slot.is_ready_for(&image));
        assert_eq!(slot.len(), 3 * PAGE);
    }
}

#[test]
fn nor_to_another_program() {
    let slot = slot(3);
    map(&slot, &whole(&[1, 2, 3]));
    write(&slot, 2, 99);
    slot.recycle().unwrap();
    let other = whole(&[8]);
    assert!(!slot.is_ready_for(&other));
    map(&slot, &other);
    assert_eq!(bytes(&slot), [8, 0, 0]);
}

#[test]
fn programs_share_a_slot_that_holds_their_base_and_leave_nothing_in_it() {
    let base = whole(&[1, 2, 3]);
    let program = |byte: u8| {
        let mut memory = base.memory().unwrap();
        memory.resize(5 * PAGE, 0);
        memory[PAGE + 7] = byte;
        memory[4 * PAGE + 7] = byte;
        Image::of_memory(Arc::clone(base.base()), &memory).unwrap()
    };
    let slot = slot(5);
    for byte in [50, 60] {
        let image = program(byte);
        map(&slot, &image);
        assert_eq!(bytes(&slot), [1, byte, 3, 0, byte]);
        for page in 0..5 {
            write(&slot, page, 99);
        }
        assert!(!slot.is_ready_for(&image));
        slot.recycle().unwrap();
        assert_eq!(bytes(&slot), [1, 2, 3]);
        slot.grow(5 * PAGE).unwrap();
        assert!(slot.is_ready_for(&image) && slot.is_ready_for(&base));
        assert_eq!(bytes(&slot), [1, 2, 3, 0, 0]);
    }
    slot.recycle().unwrap();
    assert_eq!(
        slot.len(),
        3 * PAGE,
        "unused, it is as large as what it holds"
    );
    slot.grow(5 * PAGE).unwrap();
    let often_called = program(70);
    often_called.make_whole().unwrap();
    assert!(!slot.is_ready_for(&often_called));
    map(&slot, &often_called);
    assert_eq!(bytes(&slot), [1, 70, 3, 0, 70]);
}

#[test]
fn what_a_load_has_left_is_put_right_by_its_image() {
    let base = whole(&[1, 2, 3]);
    let slot = slot(3);
    for round in 0..3 {
        map(&slot, &base);
        slot.grow(5 * PAGE).unwrap();
        write(&slot, 1, 50 + round);
        write(&slot, 4, 60);
        // Written, and the same again.
        write(&slot, 2, 3);
        // SAFETY: no guest runs in tests.
        let memory = unsafe { slot.bytes() };
        let (image, own) = Image::capture(Arc::clone(base.base()), memory).unwrap();
        assert_eq!(image.runs(), [PAGE..2 * PAGE, 4 * PAGE..5 * PAGE]);
        slot.captured(&image, own);
        assert!(!slot.is_ready_for(&base));
        slot.recycle().unwrap();
        assert!(slot.is_ready_for(&base));
        assert_eq!(bytes(&slot), [1, 2, 3]);
    }
    // Of another program's memory an image says nothing.
    let other = whole(&[9, 9, 9]);
    map(&slot, &other);
    write(&slot, 0, 8);
    slot.captured(&Image::of_base(Arc::clone(base.base())), Some(PAGE));
    slot.recycle().unwrap();
    assert_eq!(bytes(&slot), [9, 9, 9]);
}

#[test]
fn what_the_first_call_wrote_is_private_from_the_start() {
    let image = whole(&[1, 2, 3, 4]);
    let first = slot(4);
    map(&first, &image);
    write(&first, 1, 99);
    write(&first, 2, 99);
    first.recycle().unwrap();
    let second = slot(4);
    map(&second, &image);
    assert_eq!(bytes(&second), [1, 2, 3, 4]);
    if let Some(own) = dirty::written(unsafe_bytes(&second)) {
        let learned = Range {
            start: PAGE,
            end: 3 * PAGE,
        };
        assert_eq!(own, [learned]);
    }
}

#[test]
fn a_rest_changes_nothing() {
    let slot = slot(4);
    map(&slot, &whole(&[1, 2, 3, 4]));
    assert_eq!(bytes(&slot), [1, 2, 3, 4]);
    write(&slot, 2, 9);
    // SAFETY: no guest runs in tests.
    let resident = || dirty::unwritten(unsafe { slot.bytes() });
    if resident().is_none() {
        // This kernel does not tell: nothing rests.
        return;
    }
    assert_eq!(resident().unwrap(), [0..2 * PAGE, 3 * PAGE..4 * PAGE]);
    // SAFETY: as above.
    unsafe { slot.rest().unwrap() };
    assert_eq!(resident().unwrap(), []);
    assert_eq!(bytes(&slot), [1, 2, 9, 4]);
    slot.recycle().unwrap();
    assert_eq!(bytes(&slot), [1, 2, 3, 4]);
}

#[test]
fn what_has_no_whole_image_is_emptied() {
    let slot = slot(2);
    map(&slot, &image(&[1, 2]));
    write(&slot, 0, 99);
    slot.recycle().unwrap();
    assert_eq!(slot.len(), 0);
    slot.grow(2 * PAGE).unwrap();
    assert_eq!(bytes(&slot), [0, 0]);
}

#[test]
fn many_pages_are_given_back_and_right_all_the_same() {
    let pages = 2 * RESIDENT_BYTES_AT_MOST / PAGE;
    let image = whole(&vec![5; pages]);
    let slot = Slot::new(pages * PAGE, GUARD).unwrap();
    slot.grow(pages * PAGE).unwrap();
    map(&slot, &image);
    for page in (0..pages).step_by(2) {
        write(&slot, page, 99);
    }
    for page in 0..pages {
        write(&slot, page, 99);
    }
    slot.recycle().unwrap();
    assert!(bytes(&slot).iter().all(|byte| *byte == 5));
    let own = dirty::written(unsafe_bytes(&slot)).unwrap();
    assert!(own.iter().map(|run| run.len()).sum::<usize>() <= RESIDENT_BYTES_AT_MOST);
}

fn unsafe_bytes(slot: &Slot) -> &[u8] {
    // SAFETY: no guest runs in tests.
    unsafe { slot.bytes() }
}
