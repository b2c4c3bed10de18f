//! A program with all its descendants, seen through `/proc`: what they have computed and what they hold.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// Ticks per second of `/proc/PID/stat`: fixed at 100 for user space on every Linux architecture.
const TICKS: f64 = 100.0;

/// Memory of a tree, MiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Proportional set size of all processes: shared pages are divided among their users.
    pub pss: f64,
    /// Of it: pages of the database's files.
    pub database: f64,
    /// What only the first process holds.
    pub own_private: f64,
}

/// The process and its descendants, the process itself first.
pub fn members(root: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for pid in
        fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|e| e.file_name().to_str()?.parse().ok())
    {
        if let Some(parent) = stat(pid).and_then(|fields| fields.get(1)?.parse().ok()) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut tree = vec![root];
    let mut next = 0;
    while let Some(pid) = tree.get(next).copied() {
        tree.extend(children.get(&pid).into_iter().flatten());
        next += 1;
    }
    tree
}

/// CPU seconds of the tree, of finished and awaited children too.
pub fn cpu_seconds(root: u32) -> f64 {
    let ticks: f64 = members(root)
        .into_iter()
        .filter_map(stat)
        .map(|fields| fields.iter().skip(11).take(4).filter_map(|f| f.parse::<f64>().ok()).sum::<f64>())
        .sum();
    ticks / TICKS
}

/// Memory of the tree. `database` is the beginning of the paths of the database's files.
pub fn memory(root: u32, database: &Path) -> Result<Memory> {
    let mut sum = Memory::default();
    for pid in members(root) {
        // A process may end while it is being looked at.
        let Ok(rollup) = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) else { continue };
        sum.pss += field(&rollup, "Pss:");
        if pid == root {
            sum.own_private = field(&rollup, "Private_Clean:") + field(&rollup, "Private_Dirty:");
        }
        if let Ok(maps) = fs::read_to_string(format!("/proc/{pid}/smaps")) {
            sum.database += of_file(&maps, &database.to_string_lossy());
        }
    }
    (sum.pss > 0.0).then_some(sum).context("the process is gone")
}

/// The fields of `/proc/PID/stat` after the name: state, parent, …
fn stat(pid: u32) -> Option<Vec<String>> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold blanks and parentheses; it ends at the last one.
    Some(line.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

fn field(text: &str, key: &str) -> f64 {
    let kib = text
        .lines()
        .filter_map(|l| l.strip_prefix(key))
        .filter_map(|v| v.split_whitespace().next()?.parse::<f64>().ok());
    kib.sum::<f64>() / 1024.0
}

/// The PSS of mappings whose path begins with `path`.
fn of_file(smaps: &str, path: &str) -> f64 {
    let mut inside = false;
    let mut kib = 0.0;
    for line in smaps.lines() {
        if let Some(value) = line.strip_prefix("Pss:") {
            if inside {
                kib += value.split_whitespace().next().and_then(|v| v.parse::<f64>().ok()).unwrap_or_default();
            }
        } else if line.split_whitespace().next().is_some_and(|word| word.contains('-') && !word.ends_with(':')) {
            inside = line.split_whitespace().nth(5).is_some_and(|file| file.starts_with(path));
        }
    }
    kib / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_tree_begins_with_us_and_holds_memory() {
        let own = std::process::id();
        assert_eq!(members(own).first(), Some(&own));
        assert!(
            memory(own, Path::new("/nowhere")).is_ok_and(|m| m.pss > 0.1 && m.own_private > 0.1 && m.database == 0.0)
        );
    }

    #[test]
    fn pages_of_one_file_are_told_apart() {
        let smaps = "7f00-7f10 r--s 00000000 00:1 42 /data/history.db\nSize: 100 kB\nPss:  2048 kB\n\
                     7f20-7f30 rw-p 00000000 00:0 0\nSize: 100 kB\nPss:  512 kB\n\
                     7f40-7f50 rw-s 00000000 00:1 43 /data/history.db-shm\nPss:  1024 kB\n";
        assert_eq!(of_file(smaps, "/data/history.db"), 3.0);
    }
}
