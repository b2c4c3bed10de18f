//! What the computer itself must have: a compiler, WebKitGTK, Node, and for the tests a display, a browser and a
//! desktop made of stand-ins.
//!
//! Debian and Ubuntu: installs what is missing, as root or through sudo, after saying what. Elsewhere it names what is
//! missing and stops.

use std::{env, fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};

/// The oldest Node that Vite runs on.
const NODE: (u32, u32) = (20, 19);

/// To build and to open the window.
const RUN: &[&str] = &[
    "build-essential",
    "pkg-config",
    "file",
    // The trust that TLS needs: a bare system has none.
    "ca-certificates",
    "libwebkit2gtk-4.1-dev",
    "libdbus-1-dev",
    // Opened at run time by the tray; without it there is no tray.
    "libayatana-appindicator3-1",
];

/// To test: a display, WebKit's driver, stand-ins for the desktop, fonts for every script of the demo.
const TEST: &[&str] = &[
    "xvfb",
    "webkit2gtk-driver",
    "dbus",
    "python3-dbus",
    "python3-gi",
    "gir1.2-gtk-3.0",
    "gnome-keyring",
    "imagemagick",
    "xdotool",
    "xclip",
    "fonts-noto-color-emoji",
    "fonts-noto-core",
    "fonts-noto-cjk",
];

/// Names under which a Chromium is found. On Ubuntu Debian's package name installs a snap, hence the choice.
const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// What a command needs of the computer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Building, and opening the window.
    Run,
    /// All tests.
    Test,
}

/// Installs what is missing (Debian, Ubuntu), or fails naming it.
pub fn ensure(needs: Needs) -> Result<()> {
    if cfg!(target_os = "linux") {
        if has_program("apt-get") { debian(needs)? } else { other_linux()? }
    } else if cfg!(target_os = "macos") {
        if !succeeds("xcode-select", &["-p"]) {
            bail!("missing: the Xcode command line tools. Install them with `xcode-select --install`");
        }
    } else if cfg!(windows) && !has_program("cl.exe") && env::var_os("VSINSTALLDIR").is_none() {
        println!("needed, if the build fails: Visual Studio Build Tools (C++), and the WebView2 runtime");
    }
    node()
}

/// Whether the tests of the real window can run here: they need X11 and a session bus of their own.
pub fn has_desktop_tests() -> bool {
    cfg!(target_os = "linux")
}

fn debian(needs: Needs) -> Result<()> {
    let mut wanted = RUN.to_vec();
    if needs == Needs::Test {
        wanted.extend(TEST);
        if !BROWSERS.iter().any(|name| has_program(name)) {
            wanted.push("chromium");
        }
    }
    let missing: Vec<&str> = wanted.into_iter().filter(|name| !is_installed(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("missing system packages: {}", missing.join(" "));
    apt(&["update", "-qq"])?;
    let mut install = vec!["install", "-y", "-qq", "--no-install-recommends"];
    install.extend(&missing);
    apt(&install)
}

fn apt(arguments: &[&str]) -> Result<()> {
    let mut command = if is_root() {
        Command::new("apt-get")
    } else if has_program("sudo") {
        let mut sudo = Command::new("sudo");
        sudo.args(["--preserve-env=DEBIAN_FRONTEND", "apt-get"]);
        sudo
    } else {
        bail!("not root, and no sudo: run as root: apt-get {}", arguments.join(" "));
    };
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    println!("$ {} {}", command.get_program().display(), arguments.join(" "));
    if !command.status().context("apt-get")?.success() {
        bail!("apt-get {} failed", arguments.join(" "));
    }
    Ok(())
}

fn other_linux() -> Result<()> {
    if succeeds("pkg-config", &["--exists", "webkit2gtk-4.1", "dbus-1"]) {
        return Ok(());
    }
    bail!(
        "missing: a C compiler, pkg-config, and the development packages of WebKitGTK 4.1 and D-Bus \
         (Fedora: gcc pkgconf webkit2gtk4.1-devel dbus-devel libayatana-appindicator-gtk3; \
         Arch: base-devel webkit2gtk-4.1 dbus libayatana-appindicator)"
    )
}

fn node() -> Result<()> {
    let told = Command::new("node").arg("--version").output().ok().filter(|out| out.status.success());
    let Some(told) = told else { bail!("missing: Node.js {}.{} or newer (nodejs.org)", NODE.0, NODE.1) };
    let text = String::from_utf8_lossy(&told.stdout);
    match node_version(&text) {
        Some(version) if version >= NODE => Ok(()),
        _ => bail!("Node.js {} is too old: {}.{} or newer is needed", text.trim(), NODE.0, NODE.1),
    }
}

fn node_version(told: &str) -> Option<(u32, u32)> {
    let mut numbers = told.trim().strip_prefix('v')?.split('.').map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

fn is_installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["-W", "-f=${Status}", package])
        .output()
        .is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains("ok installed"))
}

fn is_root() -> bool {
    // The owner of the process, without a dependency for one number.
    fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        status
            .lines()
            .find_map(|line| line.strip_prefix("Uid:"))
            .is_some_and(|ids| ids.split_whitespace().nth(1) == Some("0"))
    })
}

fn has_program(name: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| is_file(&folder.join(name))))
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file())
}

/// Whether a program runs and succeeds; what it prints is dropped.
pub fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|out| out.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_node_compare_by_number() {
        assert!(node_version("v20.19.1\n") >= Some(NODE));
        assert!(node_version("v20.9.0") < Some(NODE));
        assert!(node_version("v24.1.0") >= Some(NODE));
        assert_eq!(node_version("nightly"), None);
    }
}
