use super::dirty::tests::{Mapping, base_file};
use super::*;

fn base(pages: &[u8]) -> Arc<Base> {
    Arc::new(Base::new(base_file(pages)).unwrap())
}

fn mapped(image: &Image) -> Mapping {
    let memory = Mapping::anonymous(image.len());
    // SAFETY: a fresh mapping of that length.
    unsafe { image.map(memory.as_ptr()).unwrap() };
    memory
}

#[test]
fn gives_back_what_was_captured_by_copy_and_whole() {
    let base = base(&[1, 2, 3, 4]);
    let mut memory = Mapping::anonymous(6 * PAGE);
    // SAFETY: a fresh mapping, larger than the base.
    unsafe {
        Image::of_base(Arc::clone(&base))
            .map(memory.as_ptr())
            .unwrap()
    };
    memory[PAGE + 5] = 99;
    memory[2 * PAGE] = 98;
    memory[5 * PAGE + 1] = 97;
    let image = Image::capture(base, &memory).unwrap().0;
    assert_eq!(image.runs(), [PAGE..3 * PAGE, 5 * PAGE..6 * PAGE]);
    assert!(image.memory().unwrap() == *memory);
    let compared = Image::of_memory(Arc::clone(&image.base), &memory).unwrap();
    assert_eq!(compared.runs(), image.runs());
    assert!(*mapped(&compared) == *memory);
    assert!(Image::of_memory(Arc::clone(&image.base), &memory[..PAGE]).is_err());
    assert!(*mapped(&image) == *memory);
    image.make_whole().unwrap();
    assert!(*mapped(&image) == *memory);
}

#[test]
fn a_change_reaches_neither_the_image_nor_another_memory() {
    let image = Image::of_base(base(&[1, 2]));
    for _ in 0..2 {
        let mut first = mapped(&image);
        let second = mapped(&image);
        first[0] = 9;
        first[PAGE] = 9;
        assert_eq!((second[0], second[PAGE]), (1, 2));
        assert_eq!(mapped(&image)[0], 1);
        image.make_whole().unwrap();
    }
}

#[test]
fn a_whole_copy_is_wanted_once() {
    let image = Image::of_base(base(&[1]));
    let wanted: Vec<_> = (0..30).filter(|_| image.wants_whole()).collect();
    assert_eq!(wanted.len(), 1);
}

#[test]
fn a_file_is_mapped_or_copied() {
    let base = base(&[1, 2]);
    let large = MAPPED_FROM / PAGE;
    let mut pages = vec![0, 5];
    pages.extend((0..large).map(|page| page as u8 + 10));
    let content = |start| {
        let file = MappedFile::new(base_file(&pages), pages.len() * PAGE).unwrap();
        Content::of_file(file, start)
    };
    let runs = vec![PAGE..2 * PAGE, 4 * PAGE..(4 + large) * PAGE];
    let len = (4 + large) * PAGE;
    let content_there = content(PAGE).unwrap();
    let image = Image::from_parts(Arc::clone(&base), len, runs, content_there).unwrap();
    for _ in 0..2 {
        let mut memory = mapped(&image);
        let shown: Vec<u8> = memory.chunks(PAGE).map(|page| page[3]).collect();
        assert_eq!(shown[..4], [1, 5, 0, 0]);
        assert_eq!(shown[4..], pages[2..]);
        memory.fill(99);
    }
    image.make_whole().unwrap();
    assert_eq!(mapped(&image)[5 * PAGE + 3], 11);
    assert!(content(PAGE + 1).is_none(), "no page begins there");
    assert!(content(100 * PAGE).is_none(), "the file ends before");
}

#[test]
#[expect(
    clippy::single_range_in_vec_init,
    clippy::reversed_empty_ranges,
    reason = "runs are lists of ranges, and wrong ones are tested"
)]
fn parts_that_do_not_fit_are_refused() {
    let base = base(&[1, 2]);
    let parts = |len, runs: &[Range<usize>], content: usize| {
        let content = Content::of_bytes(&vec![0; content]);
        Image::from_parts(Arc::clone(&base), len, runs.to_vec(), content).is_some()
    };
    assert!(parts(2 * PAGE, &[], 0));
    assert!(parts(3 * PAGE, &[0..PAGE, 2 * PAGE..3 * PAGE], 2 * PAGE));
    assert!(!parts(PAGE, &[], 0), "smaller than the base");
    assert!(!parts(2 * PAGE, &[0..PAGE], PAGE - 1), "too little content");
    assert!(!parts(2 * PAGE, &[0..PAGE], PAGE + 1), "too much content");
    assert!(
        !parts(2 * PAGE, &[PAGE..3 * PAGE], 2 * PAGE),
        "past the end"
    );
    assert!(
        !parts(2 * PAGE, &[PAGE..2 * PAGE, 0..PAGE], 2 * PAGE),
        "out of order"
    );
    assert!(
        !parts(2 * PAGE, &[0..PAGE, 0..PAGE], 2 * PAGE),
        "overlapping"
    );
    assert!(!parts(2 * PAGE, &[1..PAGE], PAGE - 1), "not aligned");
    let reversed = parts(2 * PAGE, &[PAGE..0], 0);
    assert!(!reversed);
}
