//! What a machine can say about the sources without running them.

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{licences, npm, parts::cargo_step, project::Project, step::Report, system};

/// npm's own registry, the only host that a lock file may name.
const NPM: &str = "https://registry.npmjs.org/";
/// The only source of crates beside this workspace.
const CRATES: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// Lock files of npm.
const NPM_LOCKS: &[&str] = &["ui/package-lock.json", "tests/ui/package-lock.json"];

/// All lints, each for itself, so that one run shows all that is wrong; the cheap ones first.
pub fn all(project: &Project, report: &mut Report) {
    report.part("format", || cargo_step(project, "fmt --check", &["fmt", "--all", "--check"]).run());
    report.part("lock files", || lock_files(project));
    report.part("dependencies", || dependencies(project));
    report.part("types", || npm::script(&project.path("ui"), "check").run());
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    report.part("clippy", || cargo_step(project, "clippy", &clippy).run());
}

/// `cargo deny` where it is installed. Building it takes longer than all tests together, so without it the licences and
/// bans of the same `deny.toml` are checked here, from `cargo metadata`.
fn dependencies(project: &Project) -> Result<()> {
    if system::succeeds("cargo", &["deny", "--version"]) {
        return cargo_step(project, "deny", &["deny", "check", "bans", "licenses", "sources"]).run();
    }
    println!("\n── licences and bans (cargo-deny is not installed: checked from cargo metadata)");
    licences::check(project)
}

/// Lock files name crates.io and npm's registry and no mirror.
fn lock_files(project: &Project) -> Result<()> {
    println!("\n── lock files");
    let mut foreign = Vec::new();
    for file in NPM_LOCKS {
        let text = fs::read_to_string(project.path(file)).with_context(|| (*file).to_owned())?;
        let lock: Value = serde_json::from_str(&text).with_context(|| (*file).to_owned())?;
        foreign.extend(foreign_packages(&lock).map(|url| format!("{file}: {url}")));
    }
    let cargo_lock = fs::read_to_string(project.path("Cargo.lock")).context("Cargo.lock")?;
    foreign.extend(foreign_crates(&cargo_lock).map(|line| format!("Cargo.lock: {line}")));
    if foreign.is_empty() {
        return Ok(());
    }
    bail!("lock files name other sources than crates.io and npm's registry:\n  {}", foreign.join("\n  "))
}

fn foreign_packages(lock: &Value) -> impl Iterator<Item = &str> {
    let packages = lock.get("packages").and_then(Value::as_object);
    packages
        .into_iter()
        .flat_map(|packages| packages.values())
        .filter_map(|package| package.get("resolved")?.as_str())
        .filter(|url| !url.starts_with(NPM))
}

fn foreign_crates(lock: &str) -> impl Iterator<Item = &str> {
    lock.lines().filter(|line| line.starts_with("source = ") && *line != format!("source = \"{CRATES}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_in_a_lock_file_is_found() {
        let lock = serde_json::json!({"packages": {
            "": {"name": "ui"},
            "node_modules/a": {"resolved": "https://registry.npmjs.org/a/-/a-1.0.0.tgz"},
            "node_modules/b": {"resolved": "https://mirror.example/b/-/b-1.0.0.tgz"},
            "node_modules/c": {"version": "1.0.0"},
        }});
        assert_eq!(foreign_packages(&lock).collect::<Vec<_>>(), ["https://mirror.example/b/-/b-1.0.0.tgz"]);
        let lock = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\nsource = \"git+https://x\"\n";
        assert_eq!(foreign_crates(lock).collect::<Vec<_>>(), ["source = \"git+https://x\""]);
    }
}
