//! Pages, Instagram accounts, the person of a user token, and the people who write (reference 1.4, 8).

use serde_json::{Map, Value, json};

use crate::graph::call::Call;
use crate::graph::error::GraphError;
use crate::graph::fields::{Field, Shape, check, pick};
use crate::graph::messages::{Thread, View};
use crate::graph::paging;
use crate::graph::state::{Page, page_token};
use crate::platform::Platform;
use crate::state::State;
use crate::world::{Account, Direction, ProfileId};

const PAGE: Shape = Shape {
    node: "Page",
    known: &[
        "id",
        "name",
        "picture",
        "instagram_business_account",
        "connected_instagram_account",
        "unread_message_count",
        "unseen_message_count",
        "unread_notif_count",
        "access_token",
        "username",
        "link",
        "category",
        "category_list",
        "tasks",
    ],
};
const INSTAGRAM: Shape =
    Shape { node: "IGUser", known: &["id", "username", "name", "profile_picture_url", "followers_count"] };
const USER: Shape = Shape { node: "User", known: &["id", "name"] };
const MESSENGER_PERSON: Shape =
    Shape { node: "User", known: &["id", "first_name", "last_name", "name", "profile_pic"] };
const INSTAGRAM_PERSON: Shape = Shape {
    node: "IGBusinessScopedID",
    known: &[
        "id",
        "name",
        "username",
        "profile_pic",
        "follower_count",
        "is_verified_user",
        "is_user_follow_business",
        "is_business_follow_user",
    ],
};
const ANY: Shape = Shape { node: "Page", known: &[] };

fn names(list: &[&str]) -> Vec<Field> {
    list.iter().map(|n| Field { name: (*n).to_owned(), ..Field::default() }).collect()
}

impl View<'_> {
    /// A Page. The token appears only for those who hold it or its owner.
    pub(crate) fn page(&self, profile: ProfileId, wanted: &[Field]) -> Result<Value, GraphError> {
        check(wanted, &PAGE, &self.state.graph.knobs, &self.call.version)?;
        let missing = || GraphError::of(100, Some(33));
        let page = self.state.graph.page(profile).ok_or_else(missing)?;
        let account = self.state.world.account(profile, Platform::Facebook).ok_or_else(missing)?;
        let defaults = names(&["id", "name"]);
        let mut out = Map::from_iter([("id".to_owned(), json!(account.id))]);
        for field in if wanted.is_empty() { &defaults } else { wanted } {
            if let Some(value) = self.page_field(page, account, field)? {
                out.insert(field.name.clone(), value);
            }
        }
        Ok(Value::Object(out))
    }

    fn page_field(&self, page: &Page, account: &Account, field: &Field) -> Result<Option<Value>, GraphError> {
        let instagram = || self.state.world.account(page.profile, Platform::Instagram).filter(|_| page.instagram);
        let waiting = || {
            let unread = |c: &&crate::world::Conversation| {
                c.messages.iter().any(|m| m.direction == Direction::Received && !m.unsent && m.at > c.opened_ms)
            };
            Some(json!(account.conversations.iter().filter(unread).count()))
        };
        let (id, category) = page.category;
        let whole = match field.name.as_str() {
            "id" => Some(json!(account.id)),
            "name" => Some(json!(account.name)),
            "username" => Some(json!(account.username)),
            "link" => Some(json!(format!("https://www.facebook.com/{}", account.id))),
            "category" => Some(json!(category)),
            "category_list" => Some(json!([{ "id": id, "name": category }])),
            "tasks" => Some(json!(page.tasks)),
            "access_token" => Some(json!(page_token(self.state.world.seed, page.profile))),
            "picture" => {
                let url = self.state.portrait_url(&account.picture, self.now);
                Some(json!({ "data": { "url": url, "width": 50, "height": 50, "is_silhouette": false } }))
            }
            "unread_message_count" | "unseen_message_count" => waiting(),
            "unread_notif_count" => Some(json!(0)),
            "instagram_business_account" | "connected_instagram_account" => match instagram() {
                // Without sub-fields only the id (Graph's habit for nodes).
                Some(linked) if field.sub.is_empty() => Some(json!({ "id": linked.id })),
                Some(linked) => return self.instagram_account(linked, &field.sub).map(Some),
                None => None,
            },
            _ => None,
        };
        whole.map(|value| pick(value, &field.sub, &ANY)).transpose()
    }

    pub(crate) fn instagram_account(&self, account: &Account, wanted: &[Field]) -> Result<Value, GraphError> {
        check(wanted, &INSTAGRAM, &self.state.graph.knobs, &self.call.version)?;
        let whole = json!({
            "id": account.id, "username": account.username, "name": account.name, "followers_count": 1_204,
            "profile_picture_url": self.state.portrait_url(&account.picture, self.now),
        });
        node(whole, wanted, &["id"], &INSTAGRAM)
    }

    /// `GET /me` of a user token.
    pub(crate) fn user(&self, wanted: &[Field]) -> Result<Value, GraphError> {
        check(wanted, &USER, &self.state.graph.knobs, &self.call.version)?;
        let (id, name) = &self.state.graph.user;
        node(json!({ "id": id, "name": name }), wanted, &["id", "name"], &USER)
    }

    /// `GET /me/accounts` of a user token.
    pub(crate) fn accounts(&self, wanted: &[Field]) -> Result<Value, GraphError> {
        self.caller.must_have("pages_show_list")?;
        let defaults = names(&["access_token", "category", "category_list", "name", "id", "tasks"]);
        let wanted = if wanted.is_empty() { defaults } else { wanted.to_vec() };
        let limit = paging::limit(self.call.param("limit"), &self.state.graph.knobs)?;
        let window = paging::Window::read(self.state, None, self.call.param("after"), self.call.param("before"))?;
        let all: Vec<ProfileId> = self.state.graph.pages.iter().map(|p| p.profile).collect();
        // Ordered as they are: places count down so that "after" means "later in the list".
        let place = |p: &ProfileId| (-i64::try_from(p.index()).unwrap_or(0), 0);
        let cut = paging::Window { limit, ..window }.cut(all, place);
        let data = cut.rows.iter().map(|p| self.page(*p, &wanted)).collect::<Result<Vec<_>, _>>()?;
        let ends = cut.rows.first().zip(cut.rows.last()).map(|(a, b)| (place(a), place(b)));
        let fields = self.call.param("fields").map(|f| ("fields", f.to_owned()));
        let address = paging::Address { path: "me/accounts".to_owned(), params: fields.into_iter().collect(), limit };
        Ok(paging::page((self.state, self.call, self.caller), &address, data, ends, (cut.older, cut.newer)))
    }

    /// A person who has a conversation with the Page or its Instagram account.
    pub(crate) fn profile(&self, thread: Thread<'_>, wanted: &[Field]) -> Result<Value, GraphError> {
        let instagram = thread.platform == Platform::Instagram;
        let shape = if instagram { &INSTAGRAM_PERSON } else { &MESSENGER_PERSON };
        check(wanted, shape, &self.state.graph.knobs, &self.call.version)?;
        let person = &thread.conversation.person;
        let flags = person.flags;
        let wrote = thread.conversation.messages.iter().any(|m| m.direction == Direction::Received);
        if flags.profile_denied || (!instagram && !wrote) {
            return Err(GraphError::no_object(&person.id));
        }
        if flags.no_consent || (instagram && !wrote) {
            return Err(GraphError::of(230, None));
        }
        if flags.phone_account {
            return Err(GraphError::of(2_018_218, None));
        }
        let mut whole = Map::from_iter([("id".to_owned(), json!(person.id))]);
        let picture = person.picture.as_ref().filter(|_| !flags.no_picture);
        whole.extend(picture.map(|p| ("profile_pic".to_owned(), json!(self.state.portrait_url(p, self.now)))));
        if let Some(name) = &person.name {
            whole.insert("name".to_owned(), json!(name));
            let (first, last) = name.rsplit_once(' ').unwrap_or((name, ""));
            whole.insert("first_name".to_owned(), json!(first));
            whole.extend(Some(last).filter(|l| !l.is_empty()).map(|l| ("last_name".to_owned(), json!(l))));
        }
        if instagram {
            whole.extend(person.username.as_ref().map(|u| ("username".to_owned(), json!(u))));
            let followers = person.id.bytes().fold(0_u64, |sum, b| sum * 3 % 9_973 + u64::from(b));
            whole.insert("follower_count".to_owned(), json!(followers));
            for (key, value) in [
                ("is_verified_user", followers > 9_000),
                ("is_user_follow_business", followers % 3 != 0),
                ("is_business_follow_user", followers % 5 == 0),
            ] {
                whole.insert(key.to_owned(), json!(value));
            }
        }
        let usual: &[&str] =
            if instagram { &["name", "username"] } else { &["first_name", "last_name", "profile_pic"] };
        node(Value::Object(whole), wanted, usual, shape)
    }
}

/// The wanted fields of a node, or the usual ones; its id always.
fn node(whole: Value, wanted: &[Field], usual: &[&str], shape: &Shape) -> Result<Value, GraphError> {
    let id = whole.get("id").cloned();
    let mut out = if wanted.is_empty() { pick(whole, &names(usual), shape)? } else { pick(whole, wanted, shape)? };
    if let (Some(object), Some(id)) = (out.as_object_mut(), id) {
        object.insert("id".to_owned(), id);
    }
    Ok(out)
}

/// The Page that a first path segment names, for this caller: `me`, or its own id.
pub(crate) fn named_page(state: &State, call: &Call, word: &str, own: ProfileId) -> Option<ProfileId> {
    let is_me = word == "me" && call.path.first().is_some_and(|p| p == "me");
    let id = state.world.account(own, Platform::Facebook).map(|a| a.id.as_str());
    (is_me || id == Some(word)).then_some(own)
}
