//! How the application is started.

use std::{ffi::OsString, path::PathBuf};

use clap::Parser;

use crate::shell::Restart;

/// The desktop application.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(name = "backscroll-desktop", version, about = "Backscroll: the direct messages of a business in one inbox")]
pub struct Arguments {
    /// The data folder.
    #[arg(long, env = "BACKSCROLL_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Start in the tray, or minimized where there is none.
    #[arg(long)]
    pub minimized: bool,
    /// Start the demo: invented people, in a data folder of its own.
    #[arg(long)]
    pub demo: bool,
    /// Open the page that connects an account.
    #[arg(long, hide = true)]
    pub connect: bool,
}

impl Arguments {
    /// The user's own data folder: the one named, or the same that the command line uses. `None`: this user has no home.
    pub fn folder(&self) -> Option<PathBuf> {
        let own = || directories::ProjectDirs::from("", "", "Backscroll").map(|dirs| dirs.data_dir().to_owned());
        self.data_dir.clone().or_else(own)
    }

    /// The arguments of the next start.
    pub fn next(&self, restart: Restart) -> Vec<OsString> {
        let mut next = Vec::new();
        if let Some(folder) = &self.data_dir {
            next.extend(["--data-dir".into(), folder.clone().into_os_string()]);
        }
        match restart {
            Restart::IntoDemo => next.push("--demo".into()),
            Restart::OutOfDemo { connect: true } => next.push("--connect".into()),
            Restart::OutOfDemo { connect: false } | Restart::Again => {}
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(words: &[&str]) -> Arguments {
        Arguments::parse_from(std::iter::once("backscroll-desktop").chain(words.iter().copied()))
    }

    #[test]
    fn the_demo_starts_beside_the_same_folder_and_leads_back_to_it() {
        let own = arguments(&["--data-dir", "/somewhere", "--minimized"]);
        assert_eq!(own.next(Restart::IntoDemo), ["--data-dir", "/somewhere", "--demo"]);
        let demo = arguments(&["--data-dir", "/somewhere", "--demo"]);
        assert_eq!(demo.folder(), own.folder());
        assert_eq!(demo.next(Restart::OutOfDemo { connect: true }), ["--data-dir", "/somewhere", "--connect"]);
        assert_eq!(demo.next(Restart::OutOfDemo { connect: false }), ["--data-dir", "/somewhere"]);
    }
}
