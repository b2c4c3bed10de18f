//! A [`World`] with a Page, and the few sentences that tests about it are written in; and what connecting it gives.

use std::{future::Future, ops::Deref, pin::pin, time::Duration};

use backscroll_adapters::Secret;
use backscroll_engine::MetaSecrets;
use backscroll_model::*;
use backscroll_simulator::{Chat, Graph, PersonFlags, ProfileId, Synthetic, TokenState, WorldKind};

use crate::world::{HUNG, Sim, World};

pub const PAGE: ProfileId = ProfileId::PRIMARY;

pub struct Shop {
    pub world: World,
}

impl Deref for Shop {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Shop {
    /// Not connected yet.
    pub async fn new(kind: WorldKind) -> Self {
        Self { world: World::new(kind).await }
    }

    /// Both accounts connected, and read to the end.
    pub async fn read(kind: WorldKind) -> Self {
        let shop = Self::new(kind).await;
        shop.connect().await;
        shop.sync().await;
        shop
    }

    /// So many conversations, all on this platform, of so many messages each.
    pub fn kind(platform: Sim, conversations: usize, messages: usize) -> WorldKind {
        WorldKind::Synthetic(Synthetic {
            conversations,
            messages_per_conversation: messages,
            platforms: vec![platform],
        })
    }

    pub fn graph(&self) -> Graph<'_> {
        self.sim.graph()
    }

    pub fn page_secrets(&self) -> MetaSecrets {
        let token = Secret::new(self.graph().page_token(PAGE));
        MetaSecrets { token, app_secret: None, page: None }
    }

    pub async fn connect(&self) -> Vec<Account> {
        let base = Some(self.graph().api_base());
        let accounts = self.inbox().connect_meta(base, self.page_secrets(), None).await.unwrap();
        // The check has used up its second.
        self.sim.advance(Duration::from_secs(2)).await;
        accounts
    }

    /// Lets time pass while this is done, whenever the engine waits for the clock.
    pub async fn driven<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let driven = async {
            loop {
                tokio::select! {
                    biased;
                    done = &mut work => return done,
                    () = self.settle() => {}
                }
                match self.clock.next_wake() {
                    Some(at) => {
                        let ms = (at - self.sim.clock().now_ms()).max(0).unsigned_abs();
                        self.sim.advance(Duration::from_millis(ms)).await;
                        self.clock.wake_due();
                    }
                    None => tokio::task::yield_now().await,
                }
            }
        };
        tokio::time::timeout(HUNG, driven).await.expect("the work does not end, however much time passes")
    }

    /// Reads all accounts to the end, at the speed that Graph allows.
    pub async fn sync(&self) -> Vec<SyncReport> {
        self.driven(self.world.sync()).await
    }

    /// As [`Self::sync`], some time later; every account is well.
    pub async fn sync_later(&self) {
        self.sim.advance(Duration::from_secs(10)).await;
        for report in self.sync().await {
            assert_eq!(report.health, Health::Ok);
        }
    }

    pub fn chats(&self, platform: Sim) -> Vec<Chat> {
        self.graph().chats(PAGE, platform)
    }

    /// Calls of this platform since the last `clear_calls`.
    pub fn asked(&self, platform: Sim) -> u64 {
        self.graph().calls().get(&(PAGE, Some(platform))).copied().unwrap_or(0)
    }
}

#[tokio::test]
async fn a_page_is_two_accounts_of_one_business_under_one_connection() {
    let shop = Shop::new(WorldKind::Small).await;
    let accounts = shop.connect().await;
    let platforms: Vec<Platform> = accounts.iter().map(|a| a.platform).collect();
    assert_eq!(platforms, [Platform::Messenger, Platform::Instagram]);
    assert!(accounts.iter().all(|a| a.connection == accounts[0].connection && a.business == accounts[0].business));
    assert_eq!(accounts[0].remote_id.0, shop.graph().page_id(PAGE).unwrap());
    assert_eq!(accounts[1].remote_id.0, shop.graph().instagram_id(PAGE).unwrap());
    // Connected again: the same rows.
    let again = shop.connect().await;
    assert_eq!(again.iter().map(|a| a.id).collect::<Vec<_>>(), accounts.iter().map(|a| a.id).collect::<Vec<_>>());
    assert_eq!(shop.inbox().connections().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_first_reading_holds_everything_that_is_given_with_names_and_pictures() {
    let shop = Shop::new(WorldKind::Demo).await;
    let without = shop.chats(Sim::Instagram)[0].clone();
    shop.graph().set_flags(&without, PersonFlags { no_consent: true, ..PersonFlags::default() }).unwrap();
    shop.connect().await;
    for report in shop.sync().await {
        assert_eq!((report.health, report.skipped), (Health::Ok, 0));
    }
    let mut nameless = 0;
    for platform in [Sim::Facebook, Sim::Instagram] {
        for chat in shop.chats(platform) {
            let truth = shop.graph().truth(&chat).unwrap();
            let Some(row) = shop.try_conversation(&chat).await else {
                assert!(truth.iter().all(|m| !m.readable) || platform == Sim::Instagram, "{chat:?} is missing");
                continue;
            };
            let thread = shop.thread(row.id).await;
            for entry in truth.iter().filter(|m| m.readable) {
                assert!(thread.iter().any(|m| m.remote_id.as_ref().is_some_and(|id| id.0 == entry.id)), "{entry:?}");
            }
            nameless += usize::from(row.name.is_none() && row.username.is_none());
        }
    }
    assert!(nameless <= 1, "one person of the demo has no name");
    let db = crate::invariants::snapshot(shop.data());
    let pictured: i64 =
        db.query_row("SELECT count(*) FROM participant WHERE avatar_url IS NOT NULL", [], |r| r.get(0)).unwrap();
    assert!(pictured > 0, "somebody has a picture");
    crate::invariants::sound(&db);
    // Whoever has none is not asked for again at once.
    shop.graph().clear_calls();
    shop.sync_later().await;
    assert_eq!(shop.graph().calls().values().sum::<u64>(), 2);
}

#[tokio::test]
async fn a_persons_token_names_its_pages_and_the_chosen_ones_own_token_is_kept() {
    let shop = Shop::new(WorldKind::Demo).await;
    let personal = shop.graph().user_token();
    let secrets = MetaSecrets { token: Secret::new(personal.as_str()), app_secret: None, page: None };
    let base = Some(shop.graph().api_base());
    let check = shop.inbox().check_meta(base.clone(), secrets.clone()).await.unwrap();
    let pages = check.meta.unwrap().pages;
    assert!(pages.len() > 1, "{pages:?}");
    let refused = shop.inbox().connect_meta(base.clone(), secrets.clone(), None).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::ChoosePage);
    assert!(shop.inbox().accounts().await.unwrap().is_empty());
    let page = RemoteId(shop.graph().page_id(PAGE).unwrap());
    let secrets = MetaSecrets { page: Some(page.clone()), ..secrets };
    let accounts = shop.inbox().connect_meta(base, secrets, None).await.unwrap();
    assert_eq!(accounts[0].remote_id, page);
    // The person's token may end: it is not what is used.
    shop.graph().set_token_state(&personal, TokenState::Revoked).unwrap();
    shop.sync_later().await;
    let kept = std::fs::read_to_string(shop.data().join("secrets.json")).unwrap();
    assert!(!kept.contains(&personal));
}

#[tokio::test]
async fn a_token_that_has_expired_is_replaced_and_reading_goes_on() {
    let shop = Shop::read(Shop::kind(Sim::Instagram, 3, 5)).await;
    let old = shop.graph().page_token(PAGE);
    let since_ms = shop.sim.clock().now_ms();
    shop.graph().set_token_state(&old, TokenState::Expired { since_ms }).unwrap();
    let chat = shop.chats(Sim::Instagram)[0].clone();
    shop.graph().receive(&chat, "While nobody could read").unwrap();
    for report in shop.sync().await {
        assert_eq!(report.health, Health::TokenExpired);
    }
    let connection = shop.inbox().connections().await.unwrap()[0].id;
    let before: Vec<AccountId> = shop.inbox().accounts().await.unwrap().iter().map(|a| a.id).collect();
    let other = shop.inbox().reconnect_meta(connection, Some(Secret::new("EAAnonsense")), None).await.unwrap_err();
    assert_eq!(other.code, ErrorCode::TokenRevoked);
    let kind = backscroll_simulator::TokenKind::Page(PAGE);
    let fresh = shop.graph().add_token(kind, TokenState::Valid);
    shop.inbox().reconnect_meta(connection, Some(Secret::new(fresh.as_str())), None).await.unwrap();
    shop.sync_later().await;
    assert!(shop.texts(&chat).await.contains(&"While nobody could read".to_owned()));
    assert_eq!(shop.inbox().accounts().await.unwrap().iter().map(|a| a.id).collect::<Vec<_>>(), before);
}

#[tokio::test]
async fn a_page_that_was_read_through_ayrshare_goes_on_at_graph_in_the_same_rows() {
    let shop = Shop::new(WorldKind::Small).await;
    shop.world.connect_and_sync().await;
    let before = shop.inbox().accounts().await.unwrap();
    let chats: Vec<Chat> = [Sim::Facebook, Sim::Instagram].into_iter().flat_map(|p| shop.sim.chats(PAGE, p)).collect();
    let mut held = Vec::new();
    for chat in &chats {
        let row = shop.conversation(chat).await;
        held.push((row.id, shop.thread(row.id).await.len()));
    }
    shop.connect().await;
    shop.sync_later().await;
    let after = shop.inbox().accounts().await.unwrap();
    assert_eq!(after.len(), before.len(), "no account twice");
    for platform in [Platform::Messenger, Platform::Instagram] {
        let one = |all: &[Account]| all.iter().find(|a| a.platform == platform).unwrap().clone();
        assert_eq!(one(&after).id, one(&before).id);
        assert_eq!(one(&after).provider, Some(Provider::Meta));
    }
    for (chat, (id, count)) in chats.iter().zip(held) {
        let row = shop.conversation(chat).await;
        assert_eq!(row.id, id, "the same conversation");
        let thread = shop.thread(id).await;
        assert_eq!(thread.len(), count, "nothing doubled in {chat:?}");
        let unread = shop.conversation(chat).await.unread;
        assert!(unread as usize <= count);
    }
    crate::invariants::sound(&crate::invariants::snapshot(shop.data()));
    // And news comes in the same thread.
    shop.graph().receive(&chats[0], "Now through Graph").unwrap();
    shop.sync_later().await;
    assert!(shop.texts(&chats[0]).await.contains(&"Now through Graph".to_owned()));
}
