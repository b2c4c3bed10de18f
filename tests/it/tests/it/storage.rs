//! The data folder: one owner, newer versions untouched, damage set aside, trouble told.

use backscroll_engine::{Inbox, InboxOptions};
use backscroll_model::*;

use crate::world::{Sim, World};

#[tokio::test]
async fn one_process_owns_a_data_folder_and_others_may_read() {
    let world = World::small().await;
    world.connect_and_sync().await;
    assert_eq!(Inbox::open(world.options()).await.unwrap_err().code, ErrorCode::InUse);
    let reader = Inbox::open(InboxOptions { read_only: true, ..world.options() }).await.unwrap();
    let page = reader.conversations(ConversationQuery::default(), None, 50).await.unwrap();
    assert_eq!(page.rows.len(), 4);
    assert_eq!(reader.sync_once(None).await.unwrap_err().code, ErrorCode::InUse);
    assert_eq!(reader.send_text(page.rows[0].id, "x".into()).await.unwrap_err().code, ErrorCode::InUse);
    assert_eq!(reader.set_settings(Settings::default()).await.unwrap_err().code, ErrorCode::InUse);
    reader.start().await;
    reader.stop().await;
}

#[tokio::test]
async fn a_newer_data_folder_is_refused_with_its_files_untouched() {
    let mut world = World::small().await;
    world.connect_and_sync().await;
    world.close().await;
    let file = world.data().join("backscroll.db");
    {
        let db = rusqlite::Connection::open(&file).unwrap();
        db.pragma_update(None, "user_version", 999).unwrap();
    }
    let before = world.database_bytes();
    assert_eq!(Inbox::open(world.options()).await.unwrap_err().code, ErrorCode::NewerData);
    assert!(world.database_bytes() == before);
}

#[tokio::test]
async fn a_damaged_database_is_set_aside_and_never_deleted() {
    let mut world = World::small().await;
    world.connect_and_sync().await;
    world.close().await;
    let file = world.data().join("backscroll.db");
    std::fs::write(&file, b"this is no database, and it is long enough to look like one").unwrap();
    world.open().await;
    assert_eq!(world.conversations().await.len(), 0);
    let aside = world.inbox().damaged_history().expect("it is said");
    assert_eq!(std::fs::read(world.data().join(aside)).unwrap().first(), Some(&b't'));
    world.open().await;
    assert_eq!(world.inbox().damaged_history(), None, "once");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_data_folder_that_cannot_be_written_is_told() {
    let world = World::small().await;
    // The kernel lets nobody create a folder there, root included.
    let options = InboxOptions { data_dir: "/sys/kernel/backscroll".into(), ..world.options() };
    assert_eq!(Inbox::open(options).await.unwrap_err().code, ErrorCode::ReadOnly);
}

/// A file system that is full: a small tmpfs, where the machine lets a test mount one.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_told_and_what_could_not_be_kept_is_read_again() {
    let mut world = World::small().await;
    world.connect_and_sync().await;
    world.close().await;
    let Some(full) = FullDisk::mount(world.data()) else {
        eprintln!("skipped: this machine mounts no file system for tests");
        return;
    };
    world.open().await;
    full.fill();
    let chat = world.chat(Sim::Facebook);
    for n in 0..200 {
        world.sim.inbound(&chat, format!("{n} {}", "x".repeat(900)).as_str()).unwrap();
    }
    world.sim.advance(std::time::Duration::from_secs(61)).await;
    world.sync().await;
    let health = world.health(Platform::Messenger).await;
    assert!(matches!(health, Health::Storage { code: ErrorCode::DiskFull, .. }), "{health:?}");
    assert!(!world.conversations().await.is_empty(), "what is held stays readable");
    let id = world.conversation(&chat).await.id;
    assert_eq!(world.inbox().send_text(id, "x".repeat(1_900)).await.unwrap_err().code, ErrorCode::DiskFull);
    full.free();
    world.sim.advance(std::time::Duration::from_secs(120)).await;
    world.sync().await;
    assert_eq!(world.health(Platform::Messenger).await, Health::Ok);
    world.assert_history_is_the_ledger(Sim::Facebook).await;
    world.close().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_for_which_the_disk_has_no_room_says_so_in_the_draft() {
    let mut world = World::small().await;
    world.connect_and_sync().await;
    world.close().await;
    let Some(_small) = FullDisk::mount(world.data()) else {
        eprintln!("skipped: this machine mounts no file system for tests");
        return;
    };
    world.open().await;
    let row = world.conversation(&world.chat(Sim::Facebook)).await.id;
    let pdf = [b"%PDF-1.4\n".as_slice(), &[b' '; 20_000_000], b"\n%%EOF\n"].concat();
    let state = async |name: &str, bytes| {
        let id = world.inbox().attach_bytes(row, name.to_owned(), bytes).await.unwrap();
        let file = async || {
            let files = world.inbox().outgoing_files(row).await.unwrap();
            files.into_iter().find(|file| file.id == id).unwrap().state
        };
        world.until(async |_| file().await != FileState::Preparing).await;
        file().await
    };
    assert_eq!(state("menu.pdf", pdf).await, FileState::Refused { reason: FileRefusal::DiskFull });
    let small = b"%PDF-1.4\n%%EOF\n".to_vec();
    assert_eq!(state("note.pdf", small).await, FileState::Ready, "nothing half-written fills the disk");
    world.close().await;
}

#[cfg(target_os = "linux")]
struct FullDisk {
    dir: std::path::PathBuf,
}

#[cfg(target_os = "linux")]
impl FullDisk {
    /// Mounts a small file system over the folder and puts the folder's files into it.
    fn mount(dir: &std::path::Path) -> Option<Self> {
        let kept = tempfile::tempdir().unwrap();
        let names = ["backscroll.db", "secrets.json"];
        for name in names {
            std::fs::copy(dir.join(name), kept.path().join(name)).unwrap();
        }
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs"])
            .arg(dir)
            .stderr(std::process::Stdio::null())
            .status();
        if !mounted.is_ok_and(|s| s.success()) {
            return None;
        }
        for name in names {
            std::fs::copy(kept.path().join(name), dir.join(name)).unwrap();
        }
        Some(Self { dir: dir.to_owned() })
    }

    fn fill(&self) {
        use std::io::Write as _;
        let mut file = std::fs::File::create(self.dir.join("ballast")).unwrap();
        while file.write_all(&[0; 4_096]).is_ok() {}
    }

    fn free(&self) {
        std::fs::remove_file(self.dir.join("ballast")).unwrap();
    }
}

#[cfg(target_os = "linux")]
impl Drop for FullDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.dir).status();
    }
}
