//! The contract between the page and Rust: one list of commands and events, from which come the handler of the
//! window, the handler of the bridge for browser tests, and `ui/src/ipc/bindings.ts`.
//!
//! To add a command: write it in `commands/<area>.rs`, add it to `commands!`, grant it in `capabilities/main.json`
//! (its name with `-` for `_`, after `allow-`), and regenerate the bindings:
//!
//! ```sh
//! BACKSCROLL_WRITE=1 cargo nextest run -p backscroll-desktop ipc
//! ```
//!
//! Tests fail when one of the three is forgotten. An answer `Result<T, UserError>` becomes
//! `{ status: "ok", data } | { status: "error", error }` in TypeScript. All numbers stay below 2^53 (see
//! `model/src/ids.rs`), which is what `dangerously_cast_bigints_to_number` relies on.

use tauri::{Runtime, ipc::Invoke};

use crate::commands::{
    accounts, backup, canned, conversations, desktop, media, search, sending, settings, start, sync, thread, webhooks,
};

/// Gives the list of all commands to a macro.
macro_rules! commands {
    ($($collect:ident)::+) => {
        $($collect)::+![
            start::boot,
            start::subscribe,
            conversations::conversations,
            conversations::conversations_by_id,
            conversations::counts,
            conversations::contact_page,
            conversations::media_of,
            conversations::message_at,
            conversations::set_viewing,
            conversations::mark_read,
            conversations::mark_all_read,
            conversations::undo_read,
            conversations::mark_unread,
            conversations::set_state,
            conversations::save_draft,
            conversations::draft,
            conversations::save_draft_quote,
            conversations::draft_quote,
            thread::thread,
            thread::messages_by_id,
            thread::message_details,
            thread::gaps,
            thread::account_gaps,
            thread::fetch_media,
            media::media_address,
            media::outgoing_address,
            media::save_media,
            media::media_summary,
            search::search,
            search::search_inside,
            search::stop_search,
            sending::send_text,
            sending::send,
            sending::reschedule,
            sending::decide,
            sending::react,
            sending::ledger,
            sending::planned,
            sending::attach_bytes,
            sending::attach_dropped,
            sending::attach_copied,
            sending::attach_picked,
            sending::attach_address,
            sending::outgoing_files,
            sending::order_files,
            sending::remove_file,
            accounts::accounts,
            accounts::businesses,
            accounts::connections,
            accounts::account_page,
            accounts::check_ayrshare,
            accounts::connect_ayrshare,
            accounts::reconnect_ayrshare,
            accounts::check_meta,
            accounts::connect_meta,
            accounts::reconnect_meta,
            accounts::switch_messaging_on,
            accounts::switch_messaging_on_again,
            accounts::create_ayrshare_profile,
            accounts::test_account,
            accounts::disconnect,
            accounts::delete_history,
            accounts::set_x_budget,
            accounts::auto_response,
            accounts::set_auto_response,
            sync::sync_once,
            sync::sync_soon,
            sync::woke_up,
            sync::backfills,
            sync::backfill_summary,
            webhooks::webhooks,
            webhooks::set_webhooks,
            webhooks::webhook_verify_word,
            webhooks::register_webhook,
            webhooks::registered_webhooks,
            webhooks::remove_webhook,
            webhooks::test_webhook,
            settings::settings,
            settings::set_settings,
            canned::canned_replies,
            canned::save_canned_reply,
            canned::delete_canned_reply,
            canned::order_canned_replies,
            backup::backups,
            backup::back_up,
            backup::choose_backup_folder,
            backup::reset_backup_folder,
            backup::restore_backup,
            backup::restore_picked,
            backup::forget_restored,
            desktop::open_link,
            desktop::enter_demo,
            desktop::leave_demo,
            desktop::quit,
            desktop::hide_window,
            desktop::set_background,
            desktop::log_problem,
        ]
    };
}

/// Answers the calls of the page.
pub fn handler<R: Runtime>() -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
    // Not the contract's own, which brings the description of every type along: 0.4 MB that only the bindings need.
    commands!(tauri::generate_handler)
}

/// All commands and events, with their types, for the bindings.
#[cfg(any(test, feature = "bridge"))]
pub fn contract<R: Runtime>() -> tauri_specta::Builder<R> {
    use crate::commands::start::{CloseRequested, OpenAt};
    tauri_specta::Builder::<R>::new()
        .commands(commands!(tauri_specta::collect_commands))
        .events(tauri_specta::collect_events![OpenAt, CloseRequested])
        .disable_serde_phases()
        .dangerously_cast_bigints_to_number()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use std::collections::BTreeSet;

    use super::*;

    const BINDINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/src/ipc/bindings.ts");
    const CAPABILITY: &str = include_str!("../capabilities/main.json");

    fn fresh_bindings() -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bindings.ts");
        contract::<tauri::Wry>().export(specta_typescript::Typescript::default(), &file).unwrap();
        std::fs::read_to_string(file).unwrap()
    }

    /// The names that the bindings call, which are the names that the handler knows.
    fn command_names(bindings: &str) -> BTreeSet<String> {
        let calls = bindings.split("__TAURI_INVOKE(\"").skip(1);
        calls.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    }

    #[test]
    fn the_committed_bindings_are_what_the_commands_are() {
        let fresh = fresh_bindings();
        if std::env::var_os("BACKSCROLL_WRITE").is_some() {
            std::fs::create_dir_all(std::path::Path::new(BINDINGS).parent().unwrap()).unwrap();
            std::fs::write(BINDINGS, &fresh).unwrap();
        }
        let committed = std::fs::read_to_string(BINDINGS).unwrap_or_default();
        assert!(committed == fresh, "ui/src/ipc/bindings.ts is stale: run again with BACKSCROLL_WRITE=1");
    }

    #[test]
    fn each_command_is_granted_by_name_and_nothing_else_is() {
        let capability: serde_json::Value = serde_json::from_str(CAPABILITY).unwrap();
        let granted: Vec<&str> =
            capability["permissions"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
        let (ours, core): (Vec<&str>, Vec<&str>) = granted.iter().partition(|p| p.starts_with("allow-"));
        let ours: BTreeSet<String> = ours.iter().map(|p| p["allow-".len()..].replace('-', "_")).collect();
        assert_eq!(ours, command_names(&fresh_bindings()));
        assert_eq!(core, ["core:event:allow-listen", "core:event:allow-unlisten"]);
        assert_eq!(capability["windows"], serde_json::json!(["main"]));
        assert!(capability.get("remote").is_none(), "no remote page may call us");
    }

    #[test]
    fn no_answer_carries_a_credential() {
        // The three input types are the only ones that may name one.
        let bindings = fresh_bindings();
        let outputs = bindings
            .split("export type ")
            .filter(|t| !t.starts_with("AyrshareKeys") && !t.starts_with("XKeys") && !t.starts_with("MetaKeys"));
        for ty in outputs.skip(1) {
            for word in ["api_key", "api_secret", "profile_key", "token"] {
                assert!(!ty.contains(&format!("{word}:")), "{word} in {ty}");
            }
        }
    }
}
