//! The content of a data section: the pieces of a memory that are not zero.

use super::number::{WASM_PAGE, number};
use crate::image::Pages;
use std::io::Read;
use std::ops::Range;
use wasmtime::{Result, bail, format_err};

/// Zeroes between two segments: fewer cost less than another segment does.
const GAP: usize = 16;
/// As many as engines themselves have: others take no more than ten times as many.
const SEGMENTS_AT_MOST: usize = 10_000;
/// What others wrote has no more of them: each takes some time, however little is in it.
const SEGMENTS_READ_AT_MOST: u32 = 10 * SEGMENTS_AT_MOST as u32;
/// More than a program may have after it was loaded.
const PAGES_AT_MOST: u32 = 1 << 14;

/// What an active segment of the first memory begins with, and what its address ends with.
const ACTIVE: u8 = 0;
const I32_CONST: u8 = 0x41;
const END: u8 = 0x0b;

/// The content of a data section that makes this memory.
pub fn encode(memory: &[u8]) -> Vec<u8> {
    let runs = runs(memory, SEGMENTS_AT_MOST);
    let mut content = Vec::with_capacity(memory.len());
    content.extend_from_slice(&number(runs.len() as u32));
    for run in runs {
        content.extend_from_slice(&[ACTIVE, I32_CONST]);
        // A number with a sign, which is none below PAGES_AT_MOST.
        content.extend_from_slice(&number(run.start as u32));
        content.push(END);
        content.extend_from_slice(&number(run.len() as u32));
        content.extend_from_slice(&memory[run]);
    }
    content
}

/// The memory that such content makes. The content is untrusted.
pub fn decode(mut content: impl Read, pages: u32) -> Result<Pages> {
    if pages > PAGES_AT_MOST {
        bail!("its memory has {pages} pages, more than {PAGES_AT_MOST}");
    }
    let mut memory = Pages::zeroed(pages as usize * WASM_PAGE)?;
    let mut behind = 0;
    let segments = leb(&mut content)?.1;
    if segments > SEGMENTS_READ_AT_MOST {
        bail!("its memory has {segments} pieces, more than {SEGMENTS_READ_AT_MOST}");
    }
    for _ in 0..segments {
        expect(&mut content, &[ACTIVE, I32_CONST])?;
        // With its sign extended, where it has fewer bits.
        let (bits, value) = leb(&mut content)?;
        let is_negative = bits < 32 && value >> (bits - 1) & 1 == 1;
        let start = if is_negative {
            value | u32::MAX << bits
        } else {
            value
        } as usize;
        expect(&mut content, &[END])?;
        let end = start.saturating_add(leb(&mut content)?.1 as usize);
        if start < behind || end > memory.len() {
            bail!("its memory is damaged: a segment at {start} overlaps another or lies outside");
        }
        content.read_exact(&mut memory[start..end])?;
        behind = end;
    }
    if content.read(&mut [0])? > 0 {
        bail!("its memory is damaged: bytes follow its last segment");
    }
    Ok(memory)
}

fn expect(content: &mut impl Read, expected: &[u8]) -> Result<()> {
    let mut found = [0; 2];
    let found = &mut found[..expected.len()];
    content.read_exact(found)?;
    if found != expected {
        bail!("its memory is damaged: a segment begins with {found:?}");
    }
    Ok(())
}

/// A number in LEB128, and how many bits it was written with.
fn leb(content: &mut impl Read) -> Result<(u32, u32)> {
    let mut value = 0;
    for bits in (7..=35).step_by(7) {
        let mut byte = [0];
        content.read_exact(&mut byte)?;
        value |= u64::from(byte[0] & 0x7f) << (bits - 7);
        if byte[0] < 0x80 {
            return Ok((bits, value as u32));
        }
    }
    Err(format_err!("its memory is damaged: a number has no end"))
}

/// Where something other than zeroes lies, in at most so many pieces.
fn runs(memory: &[u8], pieces_at_most: usize) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (index, part) in memory.chunks(GAP).enumerate() {
        if part.iter().all(|byte| *byte == 0) {
            continue;
        }
        let start = index * GAP;
        let end = start + part.len();
        match found.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => found.push(start..end),
        }
    }
    let mut gap = GAP;
    while found.len() > pieces_at_most {
        gap *= 2;
        found.dedup_by(|next, last| {
            let is_near = next.start - last.end < gap;
            if is_near {
                last.end = next.end;
            }
            is_near
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_comes_out_again() {
        for at in [0, 9, 63, 64, 70_000, 300_000, 5 * WASM_PAGE - 1] {
            let mut memory = vec![0; 5 * WASM_PAGE];
            memory[9] = 1;
            memory[at] = 2;
            assert!(*decode(&*encode(&memory), 5).unwrap() == *memory, "{at}");
        }
    }

    #[test]
    fn refuses_what_lies_outside_overlaps_or_is_cut() {
        let segment = |start: i32, bytes: &[u8]| {
            let mut segment = vec![ACTIVE, I32_CONST];
            segment.extend(number(start as u32));
            // The sign, which an address has no room for otherwise.
            segment[6] |= if start < 0 { 0x70 } else { 0 };
            segment.push(END);
            segment.extend(number(bytes.len() as u32));
            segment.extend(bytes);
            segment
        };
        let section = |segments: &[Vec<u8>]| {
            let mut content = vec![segments.len() as u8];
            content.extend(segments.concat());
            content
        };
        let last = WASM_PAGE as i32 - 4;
        let whole = section(&[
            segment(0, b"here"),
            segment(4, b"there"),
            segment(last, b"last"),
        ]);
        assert_eq!(decode(&*whole, 1).unwrap()[..9], *b"herethere");
        for length in 0..whole.len() {
            assert!(decode(&whole[..length], 1).is_err(), "{length}");
        }
        let refused = [
            [whole.clone(), vec![0]].concat(),
            section(&[segment(1, b"here"), segment(4, b"there")]),
            section(&[segment(9, b"here"), segment(4, b"there")]),
            section(&[segment(last + 1, b"last")]),
            section(&[segment(-1, b"x")]),
            section(&[segment(i32::MIN, b"x")]),
            section(&[vec![1, 1, 0]]),
            section(&[vec![ACTIVE, 0x23, 0, END, 0]]),
            vec![0x80; 9],
            vec![0xff, 0xff, 0xff, 0xff, 0x0f],
        ];
        for content in refused {
            assert!(decode(&*content, 1).is_err(), "{content:?}");
        }
        assert!(decode(&*whole, PAGES_AT_MOST + 1).is_err());
        let empty = |count: u32| {
            let mut content = number(count).to_vec();
            content.extend(segment(0, b"").repeat(count as usize));
            content
        };
        assert!(decode(&*empty(SEGMENTS_READ_AT_MOST), 1).is_ok());
        assert!(decode(&*empty(SEGMENTS_READ_AT_MOST + 1), 1).is_err());
        assert!(decode(&*whole, 0).is_err());
    }

    #[test]
    fn wide_gaps_stay_as_long_as_there_are_few() {
        let mut memory = vec![0; 2_000];
        for at in [0, 100, 1_000, 1_990] {
            memory[at] = 1;
        }
        assert_eq!(runs(&memory, 9).len(), 4);
        assert_eq!(runs(&memory, 3), [0..112, 992..1_008, 1_984..2_000]);
        assert_eq!(runs(&memory, 1), std::slice::from_ref(&(0..2_000)));
        assert!(runs(&[0; 100], 1).is_empty());
    }
}
