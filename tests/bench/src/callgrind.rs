//! Instructions, counted by callgrind on this very binary: the same on a busy machine as on a quiet one.
//!
//! Start-up and the making of the corpus are taken out by differences: a workload runs with N and with 2N, and so does
//! the same corpus with no work on it. What is left over is N times the work.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// Whether valgrind is installed.
pub fn available() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|out| out.status.success())
}

/// Instructions of this binary with these arguments.
fn count(args: &[&str]) -> Result<f64> {
    let own = std::env::current_exe()?;
    let out = tempfile::NamedTempFile::new()?;
    let answer = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", out.path().display()))
        .arg(&own)
        .args(args)
        .output()
        .context("valgrind did not start")?;
    let said = String::from_utf8_lossy(&answer.stderr);
    if !answer.status.success() {
        bail!("valgrind of {args:?} failed: {}", said.lines().rev().take(5).collect::<Vec<_>>().join(" | "));
    }
    collected(&said).with_context(|| format!("valgrind of {args:?} told no count"))
}

/// Instructions of N units of `work`: a run of 2N less a run of N. Start-up is in both.
pub fn of_units(work: &str, n: usize, more: &[&str]) -> Result<f64> {
    of_units_of("work", work, n, more)
}

/// The same of another hidden command of this binary.
pub fn of_units_of(command: &str, work: &str, n: usize, more: &[&str]) -> Result<f64> {
    let run = |n: usize| {
        let n = n.to_string();
        let mut args = vec![command, work, "--count", &n];
        args.extend_from_slice(more);
        count(&args)
    };
    Ok(run(2 * n)? - run(n)?)
}

fn collected(stderr: &str) -> Option<f64> {
    let line = stderr.lines().find(|l| l.contains("Collected :"))?;
    line.rsplit(':').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_from_what_valgrind_says() {
        let said = "==7== Events    : Ir\n==7== Collected : 123456\n==7==\n";
        assert_eq!(collected(said), Some(123_456.0));
        assert_eq!(collected("no such line"), None);
    }
}
