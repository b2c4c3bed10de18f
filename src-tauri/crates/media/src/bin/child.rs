//! The decoding child alone, for the tests of this crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some(backscroll_media::DECODE_ARGUMENT) => backscroll_media::run_decode_child(),
        _ => ExitCode::from(2),
    }
}
