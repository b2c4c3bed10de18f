//! The licences and bans of `deny.toml`, checked from `cargo metadata`: for machines without `cargo deny`.
//!
//! Promises: the same verdict as `cargo deny check licenses bans` for what `deny.toml` uses. Refuses: everything else of
//! `cargo deny` (advisories, licence texts).

use std::{collections::BTreeMap, fs, process::Command};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::project::{Project, cargo};

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
}

/// Checks every crate of the lock file, for all systems.
pub fn check(project: &Project) -> Result<()> {
    let rules = fs::read_to_string(project.path("deny.toml")).context("deny.toml")?;
    let allowed = strings(&rules, "licenses", "allow");
    let banned = strings(&rules, "bans", "deny");
    if allowed.is_empty() || banned.is_empty() {
        bail!("deny.toml: [licenses] allow or [bans] deny was not understood");
    }
    let out = Command::new(cargo())
        .args(["metadata", "--locked", "--all-features", "--format-version=1"])
        .current_dir(project.root())
        .output()
        .context("cargo metadata")?;
    let metadata: Metadata = serde_json::from_slice(&out.stdout)
        .with_context(|| format!("cargo metadata: {}", String::from_utf8_lossy(&out.stderr)))?;
    let mut refused = Vec::new();
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    for package in &metadata.packages {
        let licence = package.license.as_deref().unwrap_or("none named");
        *used.entry(licence).or_default() += 1;
        if !allows(licence, &allowed) {
            refused.push(format!("{} {}: {licence}", package.name, package.version));
        }
        if banned.contains(&package.name) {
            refused.push(format!("{} {}: banned", package.name, package.version));
        }
    }
    if !refused.is_empty() {
        bail!("not allowed by deny.toml:\n  {}", refused.join("\n  "));
    }
    println!("   {} crates, {} licence expressions, all allowed", metadata.packages.len(), used.len());
    Ok(())
}

/// Whether an SPDX expression can be satisfied by allowed licences alone. `/` is how crates wrote `OR` before SPDX.
fn allows(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    either(&mut rest, allowed).unwrap_or(false) && rest.is_empty()
}

fn either(words: &mut &[&str], allowed: &[String]) -> Option<bool> {
    let mut verdict = both(words, allowed)?;
    while let [first, rest @ ..] = *words
        && *first == "OR"
    {
        *words = rest;
        verdict |= both(words, allowed)?;
    }
    Some(verdict)
}

fn both(words: &mut &[&str], allowed: &[String]) -> Option<bool> {
    let mut verdict = one(words, allowed)?;
    while let [first, rest @ ..] = *words
        && *first == "AND"
    {
        *words = rest;
        verdict &= one(words, allowed)?;
    }
    Some(verdict)
}

fn one(words: &mut &[&str], allowed: &[String]) -> Option<bool> {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let verdict = either(words, allowed)?;
            let [")", rest @ ..] = *words else { return None };
            *words = rest;
            Some(verdict)
        }
        [licence, "WITH", exception, rest @ ..] => {
            *words = rest;
            Some(allowed.contains(&format!("{licence} WITH {exception}")))
        }
        [licence, rest @ ..] => {
            *words = rest;
            Some(allowed.iter().any(|a| a == licence))
        }
        [] => None,
    }
}

/// The strings of the array `key` in the table `[table]`: all of TOML that this needs. Comments are dropped.
fn strings(toml: &str, table: &str, key: &str) -> Vec<String> {
    let plain: Vec<&str> = toml.lines().map(|line| line.split('#').next().unwrap_or_default()).collect();
    let header = format!("[{table}]");
    let start = format!("{key} = [");
    plain
        .iter()
        .skip_while(|line| line.trim() != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .skip_while(|line| !line.starts_with(&start))
        .flat_map(|line| line.strip_prefix(&start).unwrap_or(line).split_inclusive(']'))
        .take_while(|part| part.trim() != "]")
        .flat_map(|part| part.split('"').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed() -> Vec<String> {
        ["MIT", "Apache-2.0", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).to_vec()
    }

    #[test]
    fn an_expression_is_allowed_if_some_choice_of_it_is() {
        for good in [
            "MIT",
            "MIT OR GPL-3.0",
            "MIT/Apache-2.0",
            "(MIT OR GPL-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(allows(good, &allowed()), "{good}");
        }
        for bad in
            ["GPL-3.0", "MIT AND GPL-3.0", "none named", "", "(MIT", "MIT)", "MIT OR", "MIT WITH Bison-exception-2.2"]
        {
            assert!(!allows(bad, &allowed()), "{bad}");
        }
    }

    #[test]
    fn lists_of_deny_toml_are_read() {
        let toml = "[bans]\ndeny = [\"openssl\"] # no\n[licenses]\nversion = 2\nallow = [\n  \"MIT\", # ours\n  \"ISC\",\n]\nother = [\"GPL-3.0\"]\n";
        assert_eq!(strings(toml, "licenses", "allow"), ["MIT", "ISC"]);
        assert_eq!(strings(toml, "bans", "deny"), ["openssl"]);
        assert!(strings(toml, "sources", "allow").is_empty());
    }
}
