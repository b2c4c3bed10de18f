//! What each part does, in which order. One profile and `--workspace` everywhere, so that the parts share one build.

use std::ffi::OsString;

use anyhow::{Context, Result, bail};

use crate::{
    npm,
    project::{Project, cargo},
    step::Step,
    system,
};

/// How long a test run may take.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// What CI runs.
    Normal,
    /// Ten times the cases, and the tests marked as slow.
    Full,
}

/// The packages of the UI, and the UI itself: the shell embeds it.
pub fn prepare(project: &Project) -> Result<()> {
    let ui = project.path("ui");
    npm::install(&ui)?;
    npm::script(&ui, "build").run()
}

/// Builds every program and test once, for all parts after it.
pub fn build(project: &Project) -> Result<()> {
    cargo_step(project, "build", &["build", "--workspace", "--all-targets"]).run()
}

/// Builds the application and opens it.
pub fn open(project: &Project, arguments: &[OsString]) -> Result<()> {
    prepare(project)?;
    cargo_step(project, "build", &["build", "--workspace"]).run()?;
    let application = project.binary("backscroll-desktop");
    if cfg!(target_os = "linux")
        && std::env::var_os("DISPLAY").is_none()
        && std::env::var_os("WAYLAND_DISPLAY").is_none()
    {
        bail!("built {}, but there is no display to open it on", application.display());
    }
    Step::new("Backscroll", application, project.root()).args(arguments).run()
}

/// The tests of all crates.
pub fn rust(project: &Project, length: Length) -> Result<()> {
    let cases = if length == Length::Full { "2560" } else { "256" };
    if system::succeeds("cargo", &["nextest", "--version"]) {
        let mut arguments = vec!["nextest", "run", "--workspace", "--no-fail-fast"];
        if length == Length::Full {
            arguments.extend(["--run-ignored", "all"]);
        }
        cargo_step(project, "tests", &arguments).env("PROPTEST_CASES", cases).run()?;
        // nextest does not run the examples of the documentation.
        cargo_step(project, "examples of the documentation", &["test", "--doc", "--workspace"]).run()
    } else {
        let mut arguments = vec!["test", "--workspace", "--no-fail-fast"];
        if length == Length::Full {
            arguments.extend(["--", "--include-ignored"]);
        }
        cargo_step(project, "tests", &arguments).env("PROPTEST_CASES", cases).run()
    }
}

/// The UI: components without a browser, then all of it in Chromium against the real engine through the bridge.
pub fn ui(project: &Project) -> Result<()> {
    npm::script(&project.path("ui"), "test").run()?;
    let tests = project.path("tests/ui");
    npm::install(&tests)?;
    node_tests(project, "the UI in Chromium", "tests/ui").run()
}

/// The application in a real window.
pub fn app(project: &Project) -> Result<()> {
    if !system::has_desktop_tests() {
        bail!("the tests of the real window need Linux: they drive WebKitGTK under X11");
    }
    node_tests(project, "the application in a real window", "tests/app").run()
}

/// Pictures of the real window.
pub fn screenshots(project: &Project, only: Option<&str>) -> Result<()> {
    prepare(project)?;
    build(project)?;
    let step =
        with_programs(project, Step::new("screenshots", "node", project.root()).args(["tests/app/screenshots.mjs"]));
    step.env("SCREENSHOTS_ONLY", only.unwrap_or_default()).run()
}

/// The benchmark, with the release profile.
pub fn bench(project: &Project, app: bool, full: bool) -> Result<()> {
    let mut arguments = vec!["run", "--release", "--package", "backscroll-bench", "--"];
    if app {
        prepare(project)?;
        // What is measured is what is packaged: without the bridge and the mock of Tauri that its tests need.
        let packaged = ["build", "--release", "--package", "backscroll-desktop", "--no-default-features"];
        cargo_step(project, "build", &packaged).args(["--features", "custom-protocol"]).run()?;
        arguments.push("app");
    }
    if full {
        arguments.push("--full");
    }
    cargo_step(project, "bench", &arguments).run()
}

/// A step of cargo in the work tree.
pub fn cargo_step(project: &Project, title: &str, arguments: &[&str]) -> Step {
    Step::new(format!("cargo {title}"), cargo(), project.root()).args(arguments)
}

fn node_tests(project: &Project, title: &str, folder: &str) -> Step {
    // One file at a time: each starts an application or a browser, and two cores carry one.
    let step = Step::new(title, "node", project.root())
        .args(["--test", "--test-concurrency=1", "--test-reporter=spec"])
        .args(test_files(project, folder).unwrap_or_default());
    with_programs(project, step)
}

/// Tells a Node script where the programs are.
fn with_programs(project: &Project, step: Step) -> Step {
    step.env("BACKSCROLL_BIN", project.binary("backscroll"))
        .env("BACKSCROLL_DESKTOP_BIN", project.binary("backscroll-desktop"))
        .env("BACKSCROLL_BRIDGE_BIN", project.binary("bridge"))
        .env("BACKSCROLL_TARGET", project.target())
}

/// Node 20 takes files, not patterns.
fn test_files(project: &Project, folder: &str) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(project.path(folder)).with_context(|| folder.to_owned())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".test.mjs") {
            files.push(format!("{folder}/{name}"));
        }
    }
    files.sort();
    Ok(files)
}
