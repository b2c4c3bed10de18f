//! How an error reaches the user: one sentence on standard error, and the exit code.

use std::{io, process::ExitCode};

use backscroll_model::UserError;

use crate::{output::readable, texts};

/// Wrong usage that only shows after the words were read: exit code 2.
#[derive(Debug)]
pub struct Usage(pub String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Prints the error and chooses the exit code.
pub fn report(error: &anyhow::Error) -> ExitCode {
    if let Some(usage) = error.downcast_ref::<Usage>() {
        eprintln!("error: {usage}");
        return ExitCode::from(2);
    }
    if let Some(error) = error.downcast_ref::<UserError>() {
        eprintln!("error: {} [{}]", texts::error(error.code), texts::word(&error.code));
        if !error.detail.is_empty() {
            eprintln!("  {}", readable(&error.detail));
        }
        return ExitCode::FAILURE;
    }
    // Whoever read our output has enough: `backscroll messages 7 | head`.
    if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}
