//! Backups of a running inbox: one a day, told when they fail, and a restored one sends nothing twice.

use backscroll_model::*;

use crate::{
    desk::Desk,
    world::{Sim, World},
};

#[tokio::test]
async fn one_is_made_each_day_and_none_of_a_folder_without_an_account() {
    let mut world = World::small().await;
    world.inbox().start().await;
    world.advance(7_200).await;
    assert!(world.inbox().backups().await.unwrap().list.is_empty());
    world.connect_and_sync().await;
    world.open().await;
    world.inbox().start().await;
    world.advance(60).await;
    let first = world.inbox().backups().await.unwrap();
    assert_eq!(first.list.len(), 1);
    assert!(first.made_at.is_some() && first.failed.is_none() && first.running.is_none());
    let held: u64 = world.conversations().await.len() as u64;
    assert!(first.list[0].messages.unwrap() >= held && !first.list[0].foreign);
    world.advance(20 * 3_600).await;
    assert_eq!(world.inbox().backups().await.unwrap().list.len(), 1);
    world.advance(6 * 3_600).await;
    assert_eq!(world.inbox().backups().await.unwrap().list.len(), 2);
}

#[tokio::test]
async fn a_folder_that_is_gone_is_told_and_the_next_try_mends_it() {
    let world = World::small().await;
    world.connect_and_sync().await;
    let drive = tempfile::tempdir().unwrap();
    let folder = drive.path().join("my backups");
    let refused = world.inbox().choose_backup_folder(Some(folder.clone())).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::FolderGone);
    std::fs::create_dir(&folder).unwrap();
    world.inbox().choose_backup_folder(Some(folder.clone())).await.unwrap();
    std::fs::remove_dir(&folder).unwrap();
    world.inbox().start().await;
    world.advance(60).await;
    let told = world.inbox().backups().await.unwrap();
    assert_eq!(told.folder.as_deref(), Some("my backups"));
    assert_eq!((told.folder_gone, told.failed.map(|failed| failed.code)), (true, Some(ErrorCode::FolderGone)));
    assert!(!folder.exists(), "a drive that is not there is not made up");
    world.sync().await;
    assert_eq!(world.health(Platform::Messenger).await, Health::Ok);
    std::fs::create_dir(&folder).unwrap();
    world.advance(2 * 3_600).await;
    let told = world.inbox().backups().await.unwrap();
    assert_eq!((told.folder_gone, told.failed, told.list.len()), (false, None, 1));
}

#[tokio::test]
async fn what_was_sent_after_the_backup_is_not_sent_again_by_it() {
    let mut desk = Desk::connected().await;
    let chat = desk.chat(Sim::Facebook);
    // Nothing leaves while nothing runs.
    desk.world.open().await;
    let id = desk.send(&chat, "Once").await;
    let (file, _) = desk.inbox().back_up(None).await.unwrap();
    desk.inbox().start().await;
    desk.advance(60).await;
    assert_eq!(desk.delivered(), ["Once"]);
    let restored = desk.inbox().restore_file(file).await.unwrap();
    assert_eq!((restored.cause, restored.unsure), (RestoreCause::Asked, 1));
    desk.world.open().await;
    assert_eq!(desk.inbox().restored().await, Some(restored));
    assert_eq!((desk.state(id).await, desk.reason(id).await), (SendState::Unknown, Some(SendReason::Restored)));
    desk.inbox().start().await;
    desk.advance(900).await;
    assert_eq!(desk.delivered(), ["Once"]);
    assert_eq!(desk.state(id).await, SendState::Accepted, "it was found where it was sent to");
    desk.inbox().forget_restored().await.unwrap();
    assert_eq!(desk.inbox().restored().await, None);
    desk.check_all().await;
}

#[tokio::test]
async fn what_was_not_sent_after_the_backup_is_asked_and_not_sent_by_itself() {
    let mut desk = Desk::connected().await;
    let chat = desk.chat(Sim::Facebook);
    desk.world.open().await;
    let id = desk.send(&chat, "Perhaps").await;
    let (file, _) = desk.inbox().back_up(None).await.unwrap();
    desk.inbox().restore_file(file).await.unwrap();
    desk.world.open().await;
    desk.inbox().start().await;
    desk.advance(1_800).await;
    assert_eq!(desk.state(id).await, SendState::NeedsReview);
    assert!(desk.delivered().is_empty());
    desk.decide(id, SendDecision::SendAgain).await;
    desk.advance(60).await;
    assert_eq!(desk.delivered(), ["Perhaps"]);
    desk.check_all().await;
}

#[tokio::test]
async fn a_damaged_history_comes_back_from_its_backup_and_the_rest_is_read_again() {
    let mut world = World::small().await;
    world.connect_and_sync().await;
    world.inbox().back_up(None).await.unwrap();
    let chat = world.chat(Sim::Facebook);
    world.sim.inbound(&chat, "after the backup").unwrap();
    world.sim.advance(std::time::Duration::from_secs(61)).await;
    world.sync().await;
    let all = world.texts(&chat).await;
    world.close().await;
    let file = world.data().join("backscroll.db");
    let size = std::fs::metadata(&file).unwrap().len();
    std::fs::write(&file, vec![0x55; usize::try_from(size).unwrap()]).unwrap();
    world.open().await;
    let restored = world.inbox().restored().await.unwrap();
    assert!(matches!(restored.outcome, RestoreOutcome::Backup { made_at: Some(_) }), "{restored:?}");
    assert!(world.data().join(restored.aside.unwrap()).exists());
    assert_eq!(world.texts(&chat).await.len(), all.len() - 1);
    world.sim.advance(std::time::Duration::from_secs(61)).await;
    world.sync().await;
    assert_eq!(world.texts(&chat).await, all, "the keys are still there, and what came since is read again");
    world.assert_history_is_the_ledger(Sim::Facebook).await;
}

#[tokio::test]
async fn a_file_that_is_no_backup_is_refused_and_everything_goes_on() {
    let world = World::small().await;
    world.connect_and_sync().await;
    world.inbox().start().await;
    let file = world.data().join("holiday.jpg");
    std::fs::write(&file, [0xFF; 9_000]).unwrap();
    assert_eq!(world.inbox().restore_file(file).await.unwrap_err().code, ErrorCode::NotABackup);
    let chat = world.chat(Sim::Facebook);
    world.sim.inbound(&chat, "still here").unwrap();
    world.advance(180).await;
    assert!(world.texts(&chat).await.contains(&"still here".to_owned()));
}
