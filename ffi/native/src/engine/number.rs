//! Numbers of a component that programs change: of a fixed width, so that nothing else moves.

pub const WASM_PAGE: usize = 1 << 16;

/// The bytes of a number of 32 bits in LEB128, however small it is.
pub const NUMBER: usize = 5;

/// A number, however small, in as many bytes as the greatest takes.
pub fn number(value: u32) -> [u8; NUMBER] {
    std::array::from_fn(|index| {
        let is_last = index + 1 == NUMBER;
        (u64::from(value) >> (7 * index)) as u8 & 0x7f | u8::from(!is_last) << 7
    })
}

/// What [`number`] wrote.
pub fn value(number: &[u8]) -> u32 {
    let digits = number.iter().rev().map(|byte| u64::from(byte & 0x7f));
    digits.fold(0, |value, digit| value << 7 | digit) as u32
}
