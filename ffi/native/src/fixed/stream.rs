//! Bytes that follow from a key: SHA-256 over the key and a counter.

use sha2::{Digest, Sha256};
use std::collections::HashMap;

const BLOCK: usize = 32;
/// A guest may start calls for as long as it has fuel, and most of them are refused.
const TURNS_AT_MOST: usize = 100_000;

/// What a stream of bytes follows from.
#[derive(Clone, Copy, Debug)]
pub struct Key([u8; BLOCK]);

impl Key {
    pub fn of_seed(seed: u64) -> Self {
        Self([0; BLOCK]).derive(&[b"capsule seed", &seed.to_le_bytes()])
    }

    /// The key of what is part of this.
    pub fn derive(&self, parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new_with_prefix(self.0);
        for part in parts {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }
}

/// The bytes of one attempt of a task.
#[derive(Debug)]
pub struct Stream {
    key: Key,
    blocks: u64,
    /// What is left of the last block, at its end.
    block: [u8; BLOCK],
    left: usize,
    /// How often each sub-task was started, and how often any that is not among them.
    turns: HashMap<[u8; BLOCK], u64>,
    others: u64,
}

impl Stream {
    pub fn new(key: Key) -> Self {
        Self {
            key,
            blocks: 0,
            block: [0; BLOCK],
            left: 0,
            turns: HashMap::new(),
            others: 0,
        }
    }

    pub fn key(&self) -> &Key {
        &self.key
    }

    pub fn fill(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            if self.left == 0 {
                let counter = self.blocks.to_le_bytes();
                self.block = self.key.derive(&[b"bytes", &counter]).0;
                self.blocks += 1;
                self.left = BLOCK;
            }
            let count = self.left.min(bytes.len());
            let (now, later) = bytes.split_at_mut(count);
            now.copy_from_slice(&self.block[BLOCK - self.left..][..count]);
            self.left -= count;
            bytes = later;
        }
    }

    /// The key of a sub-task that is started now.
    pub fn next_turn(&mut self, call: &[&[u8]]) -> Key {
        let key = self.key.derive(call);
        let is_full = self.turns.len() >= TURNS_AT_MOST;
        let turn = match self.turns.get_mut(&key.0) {
            Some(turn) => turn,
            None if is_full => &mut self.others,
            None => self.turns.entry(key.0).or_default(),
        };
        *turn += 1;
        key.derive(&[b"turn", &turn.to_le_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn calls_without_end_are_told_apart_and_counted_up_to_a_number() {
        let mut stream = Stream::new(Key::of_seed(1));
        let mut keys = HashSet::new();
        for call in 0..TURNS_AT_MOST as u64 + 1_000 {
            keys.insert(stream.next_turn(&[&call.to_le_bytes()]).0);
        }
        assert_eq!(keys.len(), TURNS_AT_MOST + 1_000);
        assert_eq!(stream.turns.len(), TURNS_AT_MOST);
        let [first, last] = [0, u64::MAX].map(|call| [call.to_le_bytes(); 1]);
        for call in [first, last] {
            let call: &[&[u8]] = &[&call[0]];
            assert_ne!(stream.next_turn(call).0, stream.next_turn(call).0);
        }
    }
}
