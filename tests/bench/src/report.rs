//! What was measured, kept between runs in `target/bench`: `report.json` holds the figures, `plots.json` the curves,
//! `report.html` shows both without any library. A run replaces only what it measured.
//!
//! A ratio is judged when there is something to compare with, else the value itself. Every bar is an upper limit: what
//! must be large is turned round (time per message instead of messages per time), so that one rule reads the table.

mod html;
mod plot;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

pub use plot::{Plot, Series};

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What was measured, in `unit`.
    pub value: f64,
    /// The unit of value and baseline, and of the bar when there is no baseline.
    pub unit: String,
    /// The same work done barely, measured in the same run.
    pub baseline: Option<f64>,
    /// value / baseline.
    pub ratio: Option<f64>,
    /// What the ratio (without a baseline: the value) may be at most. `None`: measured, not judged.
    pub bar: Option<f64>,
    /// Whether it is kept.
    pub ok: Option<bool>,
}

/// The figures and curves of the last runs.
pub struct Report {
    dir: PathBuf,
    entries: BTreeMap<String, Entry>,
    plots: BTreeMap<String, Plot>,
    fresh: Vec<String>,
}

impl Report {
    /// Opens the report of `dir`; starts an empty one if there is none or it cannot be read.
    pub fn open(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        Ok(Self {
            entries: read(&dir.join("report.json")).unwrap_or_default(),
            plots: read(&dir.join("plots.json")).unwrap_or_default(),
            dir: dir.to_owned(),
            fresh: Vec::new(),
        })
    }

    /// A figure beside its bare reference: the ratio is judged.
    pub fn compared(&mut self, name: &str, unit: &str, value: f64, baseline: f64, bar: Option<f64>) {
        let ratio = if baseline > 0.0 { value / baseline } else { f64::NAN };
        self.put(
            name,
            Entry {
                value,
                unit: unit.to_owned(),
                baseline: Some(baseline),
                ratio: Some(ratio),
                bar,
                ok: bar.map(|bar| ratio <= bar),
            },
        );
    }

    /// A figure that is judged as it is.
    pub fn limited(&mut self, name: &str, unit: &str, value: f64, bar: f64) {
        self.put(
            name,
            Entry { value, unit: unit.to_owned(), baseline: None, ratio: None, bar: Some(bar), ok: Some(value <= bar) },
        );
    }

    /// A figure that is only shown.
    pub fn shown(&mut self, name: &str, unit: &str, value: f64) {
        self.put(name, Entry { value, unit: unit.to_owned(), baseline: None, ratio: None, bar: None, ok: None });
    }

    fn put(&mut self, name: &str, entry: Entry) {
        // One line as soon as it is known: a full run takes long.
        eprintln!("  {}", line(name, &entry));
        self.fresh.push(name.to_owned());
        self.entries.insert(name.to_owned(), entry);
    }

    /// A curve for the page.
    pub fn plot(&mut self, name: &str, plot: Plot) {
        self.plots.insert(name.to_owned(), plot);
    }

    /// Writes the files, prints the table of what this run measured, and tells how many bars it missed.
    pub fn finish(self) -> Result<usize> {
        fs::write(self.dir.join("report.json"), serde_json::to_vec_pretty(&self.entries)?)?;
        fs::write(self.dir.join("plots.json"), serde_json::to_vec(&self.plots)?)?;
        fs::write(self.dir.join("report.html"), html::page(&self.entries, &self.plots))?;
        let fresh: Vec<(&String, &Entry)> = self.entries.iter().filter(|(name, _)| self.fresh.contains(name)).collect();
        println!("{:<46} {:>12} {:<16} {:>12} {:>8} {:>8}", "figure", "value", "unit", "baseline", "ratio", "bar");
        for (name, entry) in &fresh {
            println!("{}", line(name, entry));
        }
        println!("{}", self.dir.join("report.html").display());
        Ok(fresh.iter().filter(|(_, entry)| entry.ok == Some(false)).count())
    }
}

fn line(name: &str, e: &Entry) -> String {
    let maybe = |v: Option<f64>| v.map(number).unwrap_or_default();
    let verdict = match e.ok {
        Some(true) => "ok",
        Some(false) => "MISSED",
        None => "",
    };
    format!(
        "{name:<46} {:>12} {:<16} {:>12} {:>8} {:>8} {verdict}",
        number(e.value),
        e.unit,
        maybe(e.baseline),
        maybe(e.ratio),
        maybe(e.bar)
    )
}

/// Three or four digits that matter.
fn number(v: f64) -> String {
    match v.abs() {
        0.0 => "0".to_owned(),
        x if x < 10.0 => format!("{v:.2}"),
        x if x < 1_000.0 => format!("{v:.1}"),
        _ => format!("{v:.0}"),
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_ratio_is_judged_where_there_is_a_baseline_else_the_value() {
        let dir = tempfile::tempdir().unwrap();
        let mut report = Report::open(dir.path()).unwrap();
        report.compared("a", "µs", 30.0, 10.0, Some(2.0));
        report.compared("b", "µs", 30.0, 10.0, Some(3.0));
        report.limited("c", "MB", 24.0, 25.0);
        report.shown("d", "ms", 1.0);
        assert_eq!(report.finish().unwrap(), 1);
        let kept: BTreeMap<String, Entry> = read(&dir.path().join("report.json")).unwrap();
        assert_eq!(kept.values().map(|e| e.ok).collect::<Vec<_>>(), [Some(false), Some(true), Some(true), None]);
    }

    #[test]
    fn a_run_keeps_what_an_earlier_one_measured_and_judges_only_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = Report::open(dir.path()).unwrap();
        first.limited("app.memory", "MiB", 500.0, 1.0);
        assert_eq!(first.finish().unwrap(), 1);
        let mut second = Report::open(dir.path()).unwrap();
        second.shown("store.size", "bytes", 5.0);
        assert_eq!(second.finish().unwrap(), 0);
        let kept: BTreeMap<String, Entry> = read(&dir.path().join("report.json")).unwrap();
        assert_eq!(kept.into_keys().collect::<Vec<_>>(), ["app.memory", "store.size"]);
    }
}
