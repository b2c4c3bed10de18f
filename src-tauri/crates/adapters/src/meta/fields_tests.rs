use super::*;

const UNKNOWN: &str = "(#100) Tried accessing nonexisting field (FIELD) on node type (Message)";

fn unknown(field: &str) -> String {
    UNKNOWN.replace("FIELD", field)
}

fn plan(memory: &Memory) -> Plan {
    memory.plan(List::Conversations, Platform::Messenger, 20, 10)
}

#[test]
fn one_request_names_conversations_messages_and_details() {
    let memory = Memory::default();
    let messenger = plan(&memory);
    assert_eq!((messenger.limit, messenger.lean, messenger.reactions), (20, false, true));
    assert!(
        messenger.fields.starts_with(
            "id,updated_time,link,participants{id,name},messages.limit(10){id,created_time,from{id,name},to{data{id}},"
        ),
        "{}",
        messenger.fields
    );
    assert!(messenger.fields.ends_with("reactions,reply_to,is_unsupported}"), "{}", messenger.fields);
    let instagram = memory.plan(List::Conversations, Platform::Instagram, 20, 20).fields;
    assert!(instagram.contains("story") && instagram.contains("from{id,username}"), "{instagram}");
    assert!(!instagram.contains("sticker,") && !instagram.contains("updated_time,link"), "{instagram}");
    assert_eq!(memory.plan(List::Ids, Platform::Instagram, 100, 0).fields, "id,created_time");
}

#[test]
fn a_field_that_graph_lacks_is_left_out_from_then_on() {
    let memory = Memory::default();
    assert!(memory.drop_named(List::Conversations, Platform::Messenger, false, &unknown("reply_to")));
    assert!(!plan(&memory).fields.contains("reply_to"));
    assert_eq!(memory.missing(), BTreeSet::from(["reply_to".to_owned()]));
    let next_run = Memory::new(memory.missing());
    assert_eq!(plan(&next_run), plan(&memory));
    assert!(!memory.drop_named(List::Conversations, Platform::Messenger, false, &unknown("reply_to")), "once only");
}

#[test]
fn reactions_that_cannot_be_asked_for_are_not_none() {
    let memory = Memory::default();
    assert!(memory.drop_named(List::Messages, Platform::Messenger, false, &unknown("reactions")));
    assert!(!plan(&memory).reactions);
}

#[test]
fn of_two_fields_of_one_name_the_unsure_one_goes_first_then_that_of_the_share() {
    let memory = Memory::default();
    let drop = |name: &str| memory.drop_named(List::Conversations, Platform::Messenger, false, &unknown(name));
    assert!(drop("type"));
    assert!(plan(&memory).fields.contains("url,title,template}"), "shares keep theirs: {}", plan(&memory).fields);
    assert_eq!(memory.missing().into_iter().collect::<Vec<_>>(), ["attachments.type"]);
    assert!(drop("name") && drop("name"));
    let missing: Vec<String> = memory.missing().into_iter().collect();
    assert_eq!(missing, ["attachments.name", "attachments.type", "shares.name"], "names of people go last");
}

#[test]
fn what_identifies_is_never_left_out() {
    let memory = Memory::new(BTreeSet::from(["id".to_owned(), "messages".to_owned()]));
    for name in IDENTIFYING {
        assert!(!memory.drop_named(List::Conversations, Platform::Messenger, false, &unknown(name)), "{name}");
    }
    assert!(plan(&memory).fields.starts_with("id,updated_time"), "whatever the settings say");
    for words in ["", "(#100) Invalid parameter", "nonexisting field (unheard_of) on node type (id", "((((", ")("] {
        assert!(!memory.drop_named(List::Conversations, Platform::Messenger, false, words), "{words}");
    }
}

#[test]
fn a_name_is_found_in_words_of_any_language() {
    let memory = Memory::default();
    let words = "(#100) Zugriff auf nicht vorhandenes Feld (sticker) beim Node-Typ (Message)";
    assert!(memory.drop_named(List::Conversations, Platform::Messenger, false, words));
    assert!(!plan(&memory).fields.contains("sticker,"));
}

#[test]
fn too_much_data_halves_then_drops_what_is_heavy_then_goes_down_to_one() {
    let memory = Memory::default();
    let mut seen = Vec::new();
    while memory.shrink(List::Conversations, Platform::Messenger, 20) {
        let plan = plan(&memory);
        assert_eq!(plan.fields.contains("shares{") || plan.fields.contains("reactions"), !plan.lean);
        assert!(!plan.lean || !plan.reactions);
        seen.push((plan.limit, plan.lean));
    }
    assert_eq!(seen, [(10, false), (5, false), (5, true), (2, true), (1, true)]);
    let instagram = memory.plan(List::Conversations, Platform::Instagram, 20, 20);
    assert_eq!(instagram.limit, 20, "the other platform is another matter");
}

#[test]
fn a_single_item_can_still_be_asked_without_what_is_heavy() {
    let memory = Memory::default();
    assert!(memory.shrink(List::Conversations, Platform::Messenger, 1));
    assert!(memory.plan(List::Conversations, Platform::Messenger, 1, 10).lean);
    assert!(!memory.shrink(List::Conversations, Platform::Messenger, 1));
    assert!(!memory.shrink(List::Ids, Platform::Messenger, 1), "ids have nothing heavy");
}

#[test]
fn after_a_while_more_is_asked_again() {
    let memory = Memory::default();
    assert!(memory.shrink(List::Conversations, Platform::Messenger, 20));
    assert!(memory.shrink(List::Conversations, Platform::Messenger, 20));
    let limits: Vec<u32> = (0..2 * A_WHILE)
        .map(|_| {
            memory.went_well(List::Conversations, Platform::Messenger);
            plan(&memory).limit
        })
        .collect();
    let (early, late) = limits.split_at(A_WHILE as usize - 1);
    assert!(early.iter().all(|limit| *limit == 5), "{early:?}");
    assert_eq!((late.first(), late.last()), (Some(&10), Some(&20)));
}
