//! The decoder with real child processes: good ones, slow ones, dying ones and lying ones.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Cursor;
use std::time::Duration;

use backscroll_media::{DecodeError, Decoder, Fit, PictureKind};
use image::{ImageFormat, RgbImage};

fn decoder() -> Decoder {
    Decoder::new(env!("CARGO_BIN_EXE_backscroll-media-child"))
}

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    RgbImage::new(width, height).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg).unwrap();
    bytes
}

#[test]
fn a_picture_goes_through_the_child_and_comes_back_small() {
    let picture = decoder().decode(jpeg(2000, 1000), Fit::Picture).unwrap();
    assert_eq!((picture.width, picture.height, picture.kind), (960, 480, PictureKind::Jpeg));
    assert_eq!(image::load_from_memory(&picture.bytes).unwrap().width(), 960);
    let avatar = decoder().decode(jpeg(300, 200), Fit::Avatar).unwrap();
    assert_eq!((avatar.width, avatar.height), (96, 96));
}

#[test]
fn the_largest_picture_that_is_allowed_fits_the_childs_memory() {
    let picture = decoder().decode(jpeg(7_000, 7_000), Fit::Picture).unwrap();
    assert_eq!((picture.width, picture.height), (960, 960));
}

#[test]
fn a_damaged_picture_is_unreadable_and_garbage_starts_no_child() {
    let mut damaged = jpeg(100, 100);
    damaged.truncate(60);
    assert_eq!(decoder().decode(damaged, Fit::Picture).unwrap_err(), DecodeError::Unreadable);
    let nowhere = Decoder::new("no-such-program");
    assert_eq!(nowhere.decode(b"garbage".to_vec(), Fit::Picture).unwrap_err(), DecodeError::Unreadable);
    assert_eq!(nowhere.decode(Vec::new(), Fit::Picture).unwrap_err(), DecodeError::Unreadable);
    let not_started = nowhere.decode(jpeg(1, 1), Fit::Picture).unwrap_err();
    assert_eq!(not_started, DecodeError::NotStarted(std::io::ErrorKind::NotFound));
    assert_eq!(not_started.failure(), None, "worth another try");
}

#[cfg(unix)]
mod unix {
    use super::*;

    /// A child that does as the script says.
    fn script(script: &str) -> Decoder {
        Decoder::new("/bin/sh").with_args(["-c", script])
    }

    #[test]
    fn a_child_that_hangs_is_ended() {
        let hanging = script("exec sleep 600").with_timeout(Duration::from_millis(100));
        assert_eq!(hanging.decode(jpeg(10, 10), Fit::Picture).unwrap_err(), DecodeError::OutOfTime);
        // More than a pipe holds, never read.
        assert_eq!(hanging.decode(noise(), Fit::Picture).unwrap_err(), DecodeError::OutOfTime);
    }

    fn noise() -> Vec<u8> {
        let mut bytes = jpeg(10, 10);
        bytes.resize(1_000_000, 7);
        bytes
    }

    #[test]
    fn a_child_that_dies_lies_or_never_stops_talking_is_not_believed() {
        for act in ["exit 0", "kill -9 $$", "exec cat", "echo BSIM+j; exec cat", "exec cat /dev/zero"] {
            assert_eq!(script(act).decode(jpeg(10, 10), Fit::Picture).unwrap_err(), DecodeError::Died, "{act}");
        }
    }

    #[test]
    fn a_child_inherits_nothing_of_the_environment() {
        // Cargo sets this for every test; the child says "too large" if it sees it, and dies if it does not.
        let nosy = script("test -n \"$CARGO_MANIFEST_DIR\" && printf 'BSIML\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0'");
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        assert_eq!(nosy.decode(jpeg(10, 10), Fit::Picture).unwrap_err(), DecodeError::Died);
    }

    #[test]
    fn nothing_of_the_child_is_left_behind() {
        let marker = script("exec sleep 601").with_timeout(Duration::from_millis(50));
        let _ = marker.decode(jpeg(10, 10), Fit::Picture);
        let own = format!("/proc/{0}/task/{0}/children", std::process::id());
        if let Ok(children) = std::fs::read_to_string(own) {
            assert_eq!(children.trim(), "");
        }
    }

    /// What the system holds against the child, read where the system says it.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_child_has_given_up_memory_time_and_files_before_it_reads() {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_backscroll-media-child"))
            .arg(backscroll_media::DECODE_ARGUMENT)
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let limits = || std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
        let soft = |name: &str| {
            let limits = limits();
            let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
            line.trim_start_matches(name).split_whitespace().next().unwrap().to_owned()
        };
        // The last of them to be set.
        while soft("Max open files") != "3" {
            std::thread::yield_now();
        }
        assert_eq!(soft("Max cpu time"), "10");
        assert_eq!(soft("Max file size"), "0");
        assert_eq!(soft("Max core file size"), "0");
        let memory: u64 = soft("Max address space").parse().unwrap();
        assert!(memory < 2_000_000_000, "{memory}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
