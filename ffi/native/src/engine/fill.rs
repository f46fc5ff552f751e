//! Puts a program's memory into its engine's component, which is a component of its own then: whoever
//! makes an instance of it has the program loaded.

use super::strip::{WASM_PAGE, unreadable};
use std::convert::Infallible;
use std::ops::Range;
use wasm_encoder::ConstExpr;
use wasm_encoder::reencode::{self, Reencode, ReencodeComponent};
use wasmparser::{DataKind, Parser, Payload};
use wasmtime::{Result, bail};

/// Zeroes between two segments: fewer cost less than another segment does.
const GAP: usize = 16;

/// The engine with this memory in place of its own. Nothing else of it changes, so that all programs of an
/// engine share its machine code.
pub fn fill(engine: &[u8], memory: &[u8]) -> Result<Vec<u8>> {
    let Some((section, segments)) = largest_data_section(engine)? else {
        bail!("the engine has no memory of its own");
    };
    let mut filler = Filler {
        section,
        runs: runs(memory, segments).into_iter(),
        memory,
        seen: 0,
    };
    let mut output = wasm_encoder::Component::new();
    filler
        .parse_component(&mut output, Parser::new(0), engine)
        .map_err(|error| unreadable(&error))?;
    Ok(output.finish())
}

/// The data section with the most active segments, and how many those are.
fn largest_data_section(component: &[u8]) -> Result<Option<(usize, usize)>> {
    let mut largest = None;
    let mut index = 0;
    for payload in Parser::new(0).parse_all(component) {
        let Payload::DataSection(section) = payload? else {
            continue;
        };
        let mut active = 0;
        for segment in section {
            active += usize::from(matches!(segment?.kind, DataKind::Active { .. }));
        }
        if active > largest.map_or(0, |(_, most)| most) {
            largest = Some((index, active));
        }
        index += 1;
    }
    Ok(largest)
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
    if found.len() <= pieces_at_most {
        return found;
    }
    // The widest gaps stay.
    let mut gaps: Vec<usize> = (1..found.len()).collect();
    gaps.sort_by_key(|&index| found[index - 1].end.abs_diff(found[index].start));
    let mut is_kept = vec![true; found.len()];
    for &index in &gaps[..found.len() - pieces_at_most] {
        is_kept[index] = false;
    }
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(pieces_at_most);
    for (run, is_kept) in found.into_iter().zip(is_kept) {
        match merged.last_mut() {
            Some(last) if !is_kept => last.end = run.end,
            _ => merged.push(run),
        }
    }
    merged
}

struct Filler<'a> {
    /// Which data section of the component takes the memory.
    section: usize,
    runs: std::vec::IntoIter<Range<usize>>,
    memory: &'a [u8],
    /// Data sections before this one.
    seen: usize,
}

impl Reencode for Filler<'_> {
    type Error = Infallible;

    fn parse_memory_section(
        &mut self,
        memories: &mut wasm_encoder::MemorySection,
        section: wasmparser::MemorySectionReader<'_>,
    ) -> Result<(), reencode::Error<Infallible>> {
        for memory in section {
            let mut memory = self.memory_type(memory?)?;
            // Its main memory is the one that has pages: see `strip`.
            if memory.minimum > 0 {
                memory.minimum = self.memory.len().div_ceil(WASM_PAGE) as u64;
            }
            memories.memory(memory);
        }
        Ok(())
    }

    fn parse_data_section(
        &mut self,
        data: &mut wasm_encoder::DataSection,
        section: wasmparser::DataSectionReader<'_>,
    ) -> Result<(), reencode::Error<Infallible>> {
        let parsed = reencode::utils::parse_data_section(self, data, section);
        self.seen += 1;
        parsed
    }

    fn parse_data(
        &mut self,
        segments: &mut wasm_encoder::DataSection,
        segment: wasmparser::Data<'_>,
    ) -> Result<(), reencode::Error<Infallible>> {
        let DataKind::Active { memory_index, .. } = segment.kind else {
            return reencode::utils::parse_data(self, segments, segment);
        };
        let run = if self.seen == self.section {
            self.runs.next()
        } else {
            None
        };
        let run = run.unwrap_or(0..0);
        // Addresses are 32 bits, as a number with a sign.
        let offset = ConstExpr::i32_const(run.start as u32 as i32);
        segments.active(memory_index, &offset, self.memory[run].iter().copied());
        Ok(())
    }
}

impl ReencodeComponent for Filler<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::strip::normalize;
    use crate::engine::strip::tests::{component, module};

    #[test]
    fn what_is_filled_in_comes_out_again() {
        let engine = component(&module(2, &ConstExpr::i32_const(70_000)));
        let mut memory = vec![0; 5 * WASM_PAGE];
        memory[9] = 1;
        memory[300_000] = 2;
        let filled = fill(&engine, &memory).unwrap();
        let back = normalize(&filled).unwrap();
        assert_eq!(back.component, normalize(&engine).unwrap().component);
        assert!(back.memory == memory);
    }

    #[test]
    fn the_widest_gaps_stay() {
        let mut memory = vec![0; 2_000];
        for at in [0, 100, 1_000, 1_990] {
            memory[at] = 1;
        }
        assert_eq!(runs(&memory, 9).len(), 4);
        assert_eq!(runs(&memory, 2), [0..1_008, 1_984..2_000]);
        assert_eq!(runs(&memory, 1).len(), 1);
        assert!(runs(&[0; 100], 1).is_empty());
    }
}
