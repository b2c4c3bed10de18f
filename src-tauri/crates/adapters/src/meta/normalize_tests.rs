#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use backscroll_model::{Direction, Listing, MessageKind, MessageSeen, ReactionSeen};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const PAGE: &str = "9";
const IGID: &str = "178414";
const PERSON: &str = "7";
/// 2026-11-20T16:00:00Z
const BASE: i64 = 1_795_190_400;

fn at(second: i64) -> Timestamp {
    Timestamp((BASE + second) * 1000)
}

fn asked(platform: Platform) -> Asked {
    Asked {
        platform,
        ours: vec![PAGE.into(), IGID.into()],
        limit: 3,
        lean: false,
        reactions: true,
        server_time: Some(at(100)),
        top: None,
    }
}

fn message(id: &str, second: i64) -> Value {
    json!({ "id": id, "created_time": BASE + second, "from": { "id": PERSON, "name": "Ines" }, "message": id })
}

fn bare(id: &str, second: i64) -> Value {
    json!({ "id": id, "created_time": BASE + second })
}

fn page(items: &[Value], next: bool) -> Value {
    let mut page = json!({ "data": items });
    if next {
        page["paging"] = json!({ "cursors": { "after": "A" }, "next": "https://graph.test/?access_token=EAA&after=A" });
    }
    page
}

fn of_messages(items: &[Value], next: bool, asked: &Asked) -> Listed {
    messages(&page(items, next).to_string(), &"t".into(), asked).unwrap()
}

fn listing(items: &[Value], next: bool, asked: &Asked) -> Option<Listing> {
    of_messages(items, next, asked).conversations.first().and_then(|c| c.listing)
}

fn seen(listed: &Listed) -> Vec<&MessageSeen> {
    let events = listed.conversations.iter().flat_map(|c| &c.events);
    events
        .filter_map(|event| match event {
            Event::Message(message) => Some(&**message),
            _ => None,
        })
        .collect()
}

fn one(item: &Value) -> MessageSeen {
    seen(&of_messages(std::slice::from_ref(item), false, &asked(Platform::Instagram)))[0].clone()
}

fn with(more: &Value) -> MessageSeen {
    let mut item = message("m", 0);
    item["message"] = json!("");
    for (name, value) in more.as_object().unwrap() {
        item[name] = value.clone();
    }
    one(&item)
}

#[test]
fn a_page_that_may_be_cut_inside_its_oldest_second_begins_with_the_next_one() {
    let items = [message("c", 30), message("b", 20), message("a", 10)];
    assert_eq!(
        listing(&items, true, &asked(Platform::Instagram)),
        Some(Listing { from: Some(at(11)), to: at(95) }),
        "up to 5 seconds before the answer"
    );
}

#[test]
fn only_a_list_seen_to_its_end_begins_with_the_first_message() {
    let three = [message("c", 30), message("b", 20), message("a", 10)];
    let from = |items: &[Value], next, platform| listing(items, next, &asked(platform)).unwrap().from;
    assert_eq!(from(&three[..2], false, Platform::Instagram), None);
    assert_eq!(from(&three[..2], true, Platform::Instagram), Some(at(21)), "short, but there is more");
    assert_eq!(from(&three, false, Platform::Instagram), Some(at(11)), "full: nobody knows what stands behind");
    assert_eq!(from(&three, false, Platform::Messenger), Some(at(11)), "full and without any paging");
    let mut page = page(&three, false);
    page["paging"] = json!({ "cursors": { "before": "B", "after": "A" } });
    for (platform, expected) in [(Platform::Messenger, None), (Platform::Instagram, Some(at(11)))] {
        let listed = messages(&page.to_string(), &"t".into(), &asked(platform)).unwrap();
        assert_eq!(listed.conversations[0].listing.unwrap().from, expected, "{platform:?}");
    }
}

#[test]
fn the_newest_message_is_in_the_listing_even_when_the_clock_lags() {
    let items = [message("b", 99), message("a", 10)];
    assert_eq!(listing(&items, false, &asked(Platform::Messenger)).unwrap().to, at(99));
    let clockless = Asked { server_time: None, ..asked(Platform::Messenger) };
    assert_eq!(listing(&items, false, &clockless).unwrap().to, at(99));
}

#[test]
fn pages_of_a_walk_touch_each_other() {
    let mut walk = asked(Platform::Messenger);
    let first = of_messages(&[message("f", 60), message("e", 50), message("d", 40)], true, &walk);
    assert_eq!(first.top, Some(at(41)));
    walk.top = Some(first.top);
    let second = of_messages(&[message("c", 40), message("b", 30), message("a", 20)], true, &walk);
    assert_eq!(second.conversations[0].listing, Some(Listing { from: Some(at(21)), to: at(41) }));
    let empty = of_messages(&[], true, &walk);
    assert_eq!((empty.conversations.len(), empty.top), (0, Some(at(41))), "an empty page with a next goes on");
    walk.top = Some(second.top);
    let last = of_messages(&[], false, &walk);
    assert_eq!(last.conversations[0].listing, Some(Listing { from: None, to: at(21) }), "there was nothing more");
}

#[test]
fn a_second_that_fills_a_page_leaves_a_gap_in_that_second_and_the_next_page_closes_it() {
    let mut walk = asked(Platform::Messenger);
    walk.server_time = None;
    let first = of_messages(&[message("c", 60), message("b", 60), message("a", 60)], true, &walk);
    let only_the_next_instant = Listing { from: Some(at(61)), to: at(61) };
    assert_eq!((first.conversations[0].listing, first.top), (Some(only_the_next_instant), Some(at(61))));
    walk.top = Some(first.top);
    let second = of_messages(&[message("z", 60), message("y", 50)], false, &walk);
    assert_eq!(second.conversations[0].listing, Some(Listing { from: None, to: at(61) }));
}

#[test]
fn a_bad_message_loses_itself_and_cuts_the_proof_above_it() {
    let asked = asked(Platform::Messenger);
    for bad in [json!(7), json!({}), json!({ "id": "x" }), json!({ "id": "x", "created_time": "soon" }), Value::Null] {
        let listed = of_messages(&[message("b", 30), bad.clone(), message("a", 10)], false, &asked);
        assert_eq!((seen(&listed).len(), listed.skipped.len(), listed.messages), (2, 1, 3), "{bad}");
        assert_eq!(listed.conversations[0].listing, Some(Listing { from: Some(at(31)), to: at(95) }), "{bad}");
        assert_eq!(listed.top, None, "later pages do not claim to touch this one");
    }
    let all_bad = of_messages(&[json!(7), message("a", 10)], false, &asked);
    assert_eq!(all_bad.conversations[0].listing, None);
}

#[test]
fn bare_rows_beyond_the_newest_are_listed_and_prove_nothing() {
    let listed = of_messages(&[message("c", 30), bare("b", 20), bare("a", 10)], false, &asked(Platform::Instagram));
    let events = &listed.conversations[0].events;
    assert!(matches!(&events[0], Event::Message(m) if m.remote_id.as_str() == "c"));
    assert_eq!(events[1], Event::Listed { message: "b".into(), at: at(20) });
    assert_eq!(listed.conversations[0].listing, Some(Listing { from: Some(at(31)), to: at(95) }));
}

#[test]
fn a_bare_row_between_detailed_ones_is_a_message_with_nothing() {
    let listed = of_messages(&[message("c", 30), bare("b", 20)], false, &asked(Platform::Instagram));
    assert_eq!(seen(&listed).len(), 1);
    let listed = of_messages(&[message("c", 30), bare("b", 20), message("a", 10)], false, &asked(Platform::Instagram));
    assert_eq!(seen(&listed)[1].kind, MessageKind::Unknown);
    assert!(listed.conversations[0].listing.is_some_and(|l| l.from == Some(at(11))));
}

#[test]
fn without_shares_an_empty_message_may_have_one_and_is_not_proven() {
    let mut empty = message("b", 20);
    empty["message"] = json!("");
    let lean = Asked { lean: true, reactions: false, ..asked(Platform::Messenger) };
    let listed = of_messages(&[message("c", 30), empty, message("a", 10)], true, &lean);
    assert_eq!(listed.conversations[0].listing, Some(Listing { from: Some(at(31)), to: at(95) }));
    assert!(listed.conversations[0].events.contains(&Event::Listed { message: "b".into(), at: at(20) }));
    assert!(seen(&listed).iter().all(|m| m.reactions.is_none()), "nothing was said of reactions");
}

#[test]
fn an_order_that_is_not_that_of_the_times_moves_the_beginning() {
    let items = [message("c", 40), message("b", 10), message("a", 12)];
    assert_eq!(listing(&items, true, &asked(Platform::Messenger)).unwrap().from, Some(at(13)));
    let upside_down = [message("a", 0), message("b", 50), message("c", 99)];
    assert_eq!(listing(&upside_down, true, &asked(Platform::Messenger)), None);
}

#[test]
fn equal_instants_keep_the_order_of_the_listing_and_repeats_count_once() {
    let items = [message("c", 10), message("b", 10), message("b", 10), message("a", 10)];
    let listed = of_messages(&items, false, &asked(Platform::Messenger));
    let ranked: Vec<_> = seen(&listed).iter().map(|m| (m.remote_id.as_str(), m.tie)).collect();
    assert_eq!(ranked, [("c", 2), ("b", 1), ("a", 0)]);
}

#[test]
fn ids_are_listed_to_the_end_and_prove_only_ids() {
    let rows =
        |next| ids(&page(&[bare("b", 20), bare("a", 10)], next).to_string(), &"t".into(), &asked(Platform::Instagram));
    let listed = rows(true).unwrap();
    let conversation = &listed.conversations[0];
    assert_eq!((conversation.listing, conversation.ids), (None, Some(Listing { from: Some(at(11)), to: at(95) })));
    assert_eq!(conversation.events[1], Event::Listed { message: "a".into(), at: at(10) });
    assert_eq!((listed.after.as_deref(), listed.top), (Some("A"), Some(at(11))));
    assert_eq!(rows(false).unwrap().conversations[0].ids, Some(Listing { from: None, to: at(95) }));
    let holed = page(&[bare("b", 20), json!({ "id": {} })], false);
    let holed = ids(&holed.to_string(), &"t".into(), &asked(Platform::Instagram)).unwrap();
    assert_eq!(holed.conversations[0].ids, Some(Listing { from: Some(at(21)), to: at(95) }));
}

#[test]
fn direction_is_told_by_ids_whatever_the_names_say() {
    let from = |from: Value, to: Value| {
        let mut item = message("m", 0);
        (item["from"], item["to"]) = (from, to);
        one(&item).direction
    };
    let both = json!({ "data": [{ "id": PAGE }] });
    assert_eq!(from(json!({ "id": PAGE, "name": "Joana, the agent" }), Value::Null), Direction::Out);
    assert_eq!(from(json!({ "id": IGID, "username": "ines.d" }), Value::Null), Direction::Out);
    assert_eq!(from(json!({ "id": "x", "user_id": IGID }), Value::Null), Direction::Out);
    assert_eq!(from(json!({ "id": PERSON, "name": "North Pier Bakery" }), both), Direction::In);
    assert_eq!(from(json!({ "id": "4711", "name": "Joana" }), json!({ "data": [{ "id": PERSON }] })), Direction::Out);
    assert_eq!(from(Value::Null, json!({ "data": [{ "id": PERSON }] })), Direction::Out);
    assert_eq!(from(Value::Null, json!([{ "id": 9 }])), Direction::In, "an array, and a number as id");
}

#[test]
fn who_answers_for_the_business_is_known_where_the_participants_are() {
    let conversation = json!({ "data": [{
        "id": "t_1", "updated_time": "2026-11-20T16:00:30+0000", "link": "/9/inbox/1/",
        "participants": { "data": [{ "id": PAGE, "name": "Bakery" }, { "id": PERSON, "name": "Ines" }] },
        "messages": page(&[json!({ "id": "b", "created_time": BASE + 30, "from": { "id": "4711" }, "message": "x" }),
                           message("a", 10)], false),
    }] });
    let listed = conversations(&conversation.to_string(), &asked(Platform::Messenger)).unwrap();
    let directions: Vec<_> = seen(&listed).iter().map(|m| m.direction).collect();
    assert_eq!(directions, [Direction::Out, Direction::In]);
    let conversation = &listed.conversations[0];
    assert!(matches!(&conversation.events[0], Event::Participant(p) if p.remote_id.as_str() == PERSON));
    assert_eq!(conversation.events[1], Event::Link("/9/inbox/1/".to_owned()));
    assert_eq!(conversation.updated_at, Some(at(30)));
    assert_eq!(conversation.listing, Some(Listing { from: None, to: at(95) }));
}

#[test]
fn no_message_says_who_the_person_is_but_one_tells_whose_the_others_are() {
    let agent = json!({ "id": "b", "created_time": BASE + 30, "from": { "id": "4711" }, "message": "x" });
    let mut ours = message("c", 40);
    (ours["from"], ours["to"]) = (json!({ "id": PAGE }), json!({ "data": [{ "id": PERSON }] }));
    let mut theirs = message("a", 10);
    theirs["to"] = json!({ "data": [{ "id": PAGE }] });
    for proof in [ours, theirs] {
        let direction = if proof["id"] == "a" { Direction::In } else { Direction::Out };
        let items = [proof, agent.clone()];
        let single = of_messages(&items, false, &asked(Platform::Messenger));
        let list = json!({ "data": [{ "id": "t_1", "messages": page(&items, false) }] });
        let listed = conversations(&list.to_string(), &asked(Platform::Messenger)).unwrap();
        for listed in [single, listed] {
            assert_eq!(seen(&listed).iter().map(|m| m.direction).collect::<Vec<_>>(), [direction, Direction::Out]);
            let events = &listed.conversations[0].events;
            assert!(events.iter().all(|event| matches!(event, Event::Message(_))), "{events:?}");
        }
    }
}

#[test]
fn a_conversation_whose_messages_are_missing_says_that_something_happened_and_proves_nothing() {
    for messages in [Value::Null, json!({ "data": [] }), json!("x"), page(&[json!({ "id": "m" }), json!(7)], false)] {
        let item = json!({ "id": "t_1", "updated_time": BASE + 30, "messages": messages });
        let listed = conversations(&json!({ "data": [item] }).to_string(), &asked(Platform::Instagram)).unwrap();
        let conversation = &listed.conversations[0];
        assert_eq!((conversation.updated_at, conversation.listing), (Some(at(30)), None));
        assert!(conversation.events.is_empty(), "{conversation:?}");
        assert_eq!(pages(&mut { listed }, 10)[0].conversations.len(), 1, "handed on");
    }
}

#[test]
fn a_file_has_the_id_that_graph_gives_it() {
    let file = with(&json!({ "attachments": { "data": [{ "id": "f_1", "file_url": "https://cdn.test/1.pdf" }] } }));
    assert_eq!(file.attachments[0].remote_id.as_deref(), Some("f_1"));
}

#[test]
fn every_shape_of_a_sticker_is_one_sticker() {
    for more in [
        json!({ "sticker": "https://cdn.test/s.png" }),
        json!({ "attachments": { "data": [{ "id": "1", "image_data": { "url": "https://cdn.test/s.png", "render_as_sticker": true } }] } }),
        json!({ "attachments": [{ "type": "sticker", "url": "https://cdn.test/s.png" }] }),
        json!({ "attachments": { "data": [{ "type": "sticker", "payload": { "url": "https://cdn.test/s.png", "sticker_id": 1 } }] } }),
        json!({ "sticker": "https://cdn.test/old.png",
                "attachments": [{ "type": "sticker", "sticker_id": 369, "url": "https://cdn.test/s.png" }] }),
        json!({ "shares": { "data": [{ "type": "ai_sticker", "sticker_id": "5", "url": "https://cdn.test/s.png" }] } }),
    ] {
        let message = with(&more);
        assert_eq!((message.kind, message.attachments.len()), (MessageKind::Sticker, 1), "{more}");
        assert_eq!(message.attachments[0].url.as_deref(), Some("https://cdn.test/s.png"), "{more}");
    }
    let thumb = with(&json!({ "attachments": [{ "type": "sticker", "sticker_id": 369_239_263_222_822_u64 }] }));
    assert_eq!(thumb.attachments[0].name.as_deref(), Some("👍"));
}

#[test]
fn every_shape_of_a_reaction_is_the_whole_set() {
    let ines = || json!({ "reaction": "❤️", "users": [{ "id": PERSON }] });
    let expected = Some(vec![ReactionSeen { by: PERSON.into(), emoji: "❤️".to_owned() }]);
    for reactions in [json!({ "data": [ines()] }), json!([ines()]), ines()] {
        assert_eq!(with(&json!({ "reactions": reactions })).reactions, expected, "{reactions}");
    }
    let users = json!([{ "reaction": "love", "users": { "data": [{ "id": PERSON }, { "id": 9 }] } }]);
    assert_eq!(with(&json!({ "reactions": users })).reactions.unwrap().len(), 2);
    for none in [json!({ "data": [] }), json!([]), Value::Null, json!({}), json!(7)] {
        assert_eq!(with(&json!({ "reactions": none })).reactions, Some(Vec::new()), "{none}");
    }
}

#[test]
fn what_carries_nothing_is_shown_as_what_it_is() {
    assert_eq!(with(&json!({})).kind, MessageKind::Unknown);
    assert_eq!(with(&json!({ "is_unsupported": true })).kind, MessageKind::Unknown);
    assert_eq!(
        with(&json!({ "attachments": { "data": [{ "type": "ephemeral" }] } })).attachments[0].type_name,
        "ephemeral"
    );
    let withheld = with(&json!({ "attachments": { "data": [{ "id": "1", "name": "Not available in your region" }] } }));
    assert_eq!((withheld.kind, withheld.attachments[0].url.as_deref()), (MessageKind::Unknown, None));
    assert_eq!(withheld.attachments[0].name.as_deref(), Some("Not available in your region"));
    let unsent = with(&json!({ "is_deleted": true, "message": "gone", "sticker": "https://cdn.test/s" }));
    assert_eq!((unsent.kind, unsent.text, unsent.attachments.len()), (MessageKind::Unsent, None, 0));
}

#[test]
fn a_story_that_ended_keeps_its_card_and_loses_its_link() {
    let over = with(&json!({ "story": { "mention": { "link": "", "id": "18" } } }));
    assert_eq!((over.kind, over.attachments[0].url.as_deref()), (MessageKind::StoryMention, None));
    let reply =
        with(&json!({ "message": "That crust!", "story": { "reply_to": { "link": "https://l.test/1", "id": "18" } } }));
    assert_eq!((reply.kind, reply.text.as_deref()), (MessageKind::StoryReply, Some("That crust!")));
}

#[test]
fn an_appointment_says_when_in_the_zone_of_the_shop() {
    let booking = json!({ "booking_id": "b", "status": "confirmed", "start_time": BASE, "end_time": BASE + 1800, "timezone": "Nowhere/Land" });
    let message = with(&json!({ "attachments": { "data": [{ "id": "1", "appointment_booking": booking }] } }));
    assert_eq!(message.attachments[0].name.as_deref(), Some("confirmed"));
    assert_eq!(message.attachments[0].detail.as_deref(), Some("2026-11-20 16:00–16:30 UTC"));
}

#[test]
fn raw_json_is_kept_but_for_tokens() {
    let mut item = message("m", 0);
    item["novelty"] = json!({ "a": [1, "é"] });
    assert_eq!(one(&item).raw, item.to_string());
    item["attachments"] = json!({ "data": [], "paging": { "next": "https://g.test/?access_token=EAAsecret&limit=1&appsecret_proof=ab12" } });
    let raw = one(&item).raw;
    assert!(!raw.contains("EAAsecret") && !raw.contains("ab12"), "{raw}");
    assert!(
        serde_json::from_str::<Value>(&raw).unwrap()["attachments"]["paging"]["next"]
            .as_str()
            .unwrap()
            .ends_with("appsecret_proof=***")
    );
}

#[test]
fn an_enormous_text_and_a_deep_nest_cost_nothing_but_themselves() {
    let long = "é".repeat(500_000);
    let mut item = message("long", 30);
    item["message"] = json!(long);
    let nest = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep =
        format!(r#"{{"id": "deep", "created_time": {}, "from": {{"id": "7"}}, "attachments": {nest}}}"#, BASE + 20);
    let body = format!(r#"{{"data": [{item}, {deep}, {}]}}"#, message("a", 10));
    let listed = messages(&body, &"t".into(), &asked(Platform::Messenger)).unwrap();
    assert_eq!(seen(&listed).iter().map(|m| m.remote_id.as_str()).collect::<Vec<_>>(), ["long", "deep", "a"]);
    assert_eq!(seen(&listed)[0].text.as_deref(), Some(long.as_str()));
}

#[test]
fn cutting_keeps_every_conversation_whole() {
    let mut listed = Listed::default();
    for number in 0..30 {
        let events = vec![Event::Archived(false); number % 7 + 1];
        let remote_id = RemoteId(number.to_string());
        listed.conversations.push(ConversationEvents { remote_id, events, ..ConversationEvents::default() });
    }
    listed.skip("message", "no id");
    let whole = listed.conversations.clone();
    let pages = pages(&mut listed, 10);
    assert!(
        pages.len() > 5 && pages.iter().all(|p| p.conversations.iter().map(|c| c.events.len()).sum::<usize>() <= 10)
    );
    assert_eq!(pages.into_iter().flat_map(|p| p.conversations).collect::<Vec<_>>(), whole);
}

proptest! {
    #[test]
    fn no_json_whatever_panics_and_every_item_is_accounted_for(items in prop::collection::vec(arbitrary_json(), 0..8)) {
        for platform in [Platform::Messenger, Platform::Instagram] {
            let listed = of_messages(&items, true, &asked(platform));
            let events = listed.conversations.iter().flat_map(|c| &c.events);
            let kept = events.filter(|e| matches!(e, Event::Message(_) | Event::Listed { .. })).count();
            prop_assert!(kept + listed.skipped.len() <= items.len());
            let _ = conversations(&page(&items, false).to_string(), &asked(platform));
            let _ = ids(&page(&items, false).to_string(), &"t".into(), &asked(platform));
        }
    }

    #[test]
    fn a_listing_never_claims_what_the_page_did_not_show(seconds in prop::collection::vec(0i64..20, 1..12), limit in 1usize..12) {
        // The truth, newest first, of which a page shows the newest; times are whole seconds.
        let mut truth: Vec<i64> = seconds;
        truth.sort_unstable_by_key(|second| std::cmp::Reverse(*second));
        let rows: Vec<Value> = truth.iter().enumerate().map(|(n, s)| message(&n.to_string(), *s)).collect();
        let shown = limit.min(rows.len());
        let asked = Asked { limit: u32::try_from(limit).unwrap(), ..asked(Platform::Instagram) };
        if let Some(listing) = listing(&rows[..shown], shown < rows.len(), &asked) {
            let hidden = truth[shown..].iter().map(|second| at(*second));
            for at in hidden {
                prop_assert!(listing.from.is_some_and(|from| at < from), "{at:?} is hidden inside {listing:?}");
            }
        }
    }
}

proptest! {
    #[test]
    fn a_walk_claims_nothing_that_it_did_not_bring_and_ends_as_one_stretch(
        seconds in prop::collection::vec(0i64..12, 1..40),
        limit in 1usize..9,
        clock in prop::option::of(0i64..40),
    ) {
        let mut truth: Vec<i64> = seconds;
        truth.sort_unstable_by_key(|second| std::cmp::Reverse(*second));
        let rows: Vec<Value> = truth.iter().enumerate().map(|(n, s)| message(&n.to_string(), *s)).collect();
        let server_time = clock.map(|late| at(truth[0] + late));
        let mut asked = Asked { limit: u32::try_from(limit).unwrap(), server_time, ..asked(Platform::Messenger) };
        let mut claimed: Vec<Listing> = Vec::new();
        let mut shown = 0;
        for chunk in rows.chunks(limit) {
            shown += chunk.len();
            let more = shown < rows.len();
            let mut page = page(chunk, more);
            page["paging"]["cursors"] = json!({ "after": "A" });
            let listed = messages(&page.to_string(), &"t".into(), &asked).unwrap();
            claimed.extend(listed.conversations.iter().filter_map(|c| c.listing));
            for hidden in &truth[shown..] {
                let is_claimed = claimed.iter().any(|l| l.from.is_none_or(|from| from <= at(*hidden)) && at(*hidden) <= l.to);
                prop_assert!(!is_claimed, "{hidden} is hidden inside {claimed:?}");
            }
            asked.top = Some(listed.top);
        }
        claimed.sort_unstable_by_key(|l| l.from);
        let mut reached = claimed[0].to;
        for listing in &claimed {
            prop_assert!(listing.from.is_none_or(|from| from <= reached), "{claimed:?}");
            reached = reached.max(listing.to);
        }
        prop_assert_eq!(claimed[0].from, None);
        prop_assert!(reached >= at(truth[0]));
    }
}

/// Objects with the names that matter and values of every type.
fn arbitrary_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z0-9\u{1F600}]{0,8}".prop_map(Value::from),
        Just(Value::from("2026-11-20T16:04:31+0000")),
    ];
    let names = prop::sample::select(vec![
        "id",
        "created_time",
        "from",
        "to",
        "message",
        "attachments",
        "shares",
        "story",
        "reactions",
        "reply_to",
        "sticker",
        "is_unsupported",
        "is_deleted",
        "data",
        "paging",
        "cursors",
        "after",
        "next",
        "participants",
        "messages",
        "image_data",
        "video_data",
        "generic_template",
        "appointment_booking",
        "start_time",
        "timezone",
        "template",
        "payload",
        "product",
        "elements",
        "users",
        "reaction",
        "mention",
        "mime_type",
        "type",
        "size",
    ]);
    leaf.prop_recursive(4, 32, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}
