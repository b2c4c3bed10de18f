//! The child's side: give up what is not needed, read, work, answer.
//!
//! The limits are set by the child itself, before it has seen a byte of the file: no unsafe code between `fork` and
//! `exec` is needed, and a child that does not get that far has no file to be attacked by. On Windows there are no such
//! limits; there the caps of the decoder and the parent's clock remain.

use std::io::{Read, Write};
use std::process::ExitCode;

#[cfg(unix)]
use crate::shrink::MAX_ALLOC;
use crate::{DecodeError, MAX_SOURCE, outgoing, shrink, shrink::MAX_INPUT, wire};

/// What [`crate::Decoder`] starts: reads a file from standard input, answers on standard output. Call it first thing in
/// `main` when the first argument is [`crate::DECODE_ARGUMENT`], before anything else of the program starts.
pub fn run_decode_child() -> ExitCode {
    limit_self();
    match answer() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn answer() -> std::io::Result<()> {
    let mut input = std::io::stdin().lock();
    let mut task = [0; 1];
    input.read_exact(&mut task)?;
    let answer = match task {
        [wire::OUTGOING] => {
            more_time();
            let mut order = [0; outgoing::ORDER_BYTES];
            input.read_exact(&mut order)?;
            let order = outgoing::read_order(&order).ok_or(std::io::ErrorKind::InvalidData)?;
            outgoing::write(outgoing::prepare(file(&mut input, MAX_SOURCE)?, &order))
        }
        [fit] => {
            let file = file(&mut input, MAX_INPUT)?;
            wire::write(wire::fit_of(fit).ok_or(DecodeError::Unreadable).and_then(|fit| shrink(&file, fit)))
        }
    };
    let mut out = std::io::stdout().lock();
    out.write_all(&answer)?;
    out.flush()
}

fn file(input: &mut impl Read, most: usize) -> std::io::Result<Vec<u8>> {
    let mut file = Vec::new();
    input.take(most as u64 + 1).read_to_end(&mut file)?;
    Ok(file)
}

/// Takes memory, time, files and core dumps away from this process. A limit that cannot be set is done without: the
/// parent's clock and the decoder's own caps still hold.
#[cfg(unix)]
fn limit_self() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limit = |resource, value| {
        let _ = setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) });
    };
    let _ = setrlimit(Resource::Cpu, Rlimit { current: Some(CPU_SECONDS), maximum: Some(CPU_SECONDS_OUTGOING) });
    if let Some(held) = address_space() {
        limit(Resource::As, held + MEMORY);
    }
    limit(Resource::Core, 0);
    limit(Resource::Fsize, 0);
    // The three standard streams stay open; nothing can be opened beside them.
    limit(Resource::Nofile, 3);
}

#[cfg(not(unix))]
fn limit_self() {}

/// The user's own picture may be encoded several times until it fits.
#[cfg(unix)]
fn more_time() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let seconds = Some(CPU_SECONDS_OUTGOING);
    let _ = setrlimit(Resource::Cpu, Rlimit { current: seconds, maximum: seconds });
}

#[cfg(not(unix))]
fn more_time() {}

/// On top of what the program maps at its start: the decoder's output, the coefficients of a progressive JPEG (twice
/// that), and the shrunk copies.
#[cfg(unix)]
const MEMORY: u64 = 3 * MAX_ALLOC;
#[cfg(unix)]
const CPU_SECONDS: u64 = 10;
#[cfg(unix)]
const CPU_SECONDS_OUTGOING: u64 = 30;

/// Bytes of address space in use: a desktop's binary maps hundreds of megabytes of libraries before `main`. Only Linux
/// counts it this way, and only there is the limit enforced.
#[cfg(unix)]
fn address_space() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_ascii_whitespace().next()?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}
