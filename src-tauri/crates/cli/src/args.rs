//! The words of the command line.

use std::{path::PathBuf, time::Duration};

use backscroll_model::{AccountId, ConversationId, Place, Platform, Provider, StateFilter, XHistory};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Backscroll without a window.
#[derive(Parser)]
#[command(name = "backscroll", version, about = "The direct messages of a business, without a window")]
pub struct Arguments {
    /// What every command takes.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Args)]
pub struct Common {
    /// One JSON object a line instead of a table.
    #[arg(long, global = true)]
    pub json: bool,
    /// The data folder. Without it: the one of the desktop application.
    #[arg(long, global = true, env = "BACKSCROLL_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Where secrets rest.
    #[arg(long, global = true, value_enum, default_value_t = SecretsChoice::Keychain)]
    pub secrets: SecretsChoice,
}

/// Where secrets rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SecretsChoice {
    /// The keychain of the desktop.
    Keychain,
    /// A file in the data folder that only you can read. It is not encrypted.
    File,
}

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// Accounts: connect, list, test, disconnect, delete.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Read from the providers what is new, and send what waits.
    Sync(SyncArguments),
    /// List conversations, newest first.
    Conversations {
        /// Only this platform.
        #[arg(long, value_parser = platform)]
        platform: Option<Platform>,
        /// Only this state.
        #[arg(long, value_parser = state)]
        state: Option<StateFilter>,
    },
    /// Print messages of a conversation, oldest first; without more, the newest 50.
    Messages {
        /// The conversation's id.
        conversation: ConversationId,
        /// Only older ones: the cursor that an earlier call gave.
        #[arg(long, value_name = "CURSOR", value_parser = place)]
        before: Option<Place>,
        /// How many at most.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        limit: u32,
    },
    /// List stretches of time in which messages are missing.
    Gaps {
        /// Only those of this conversation.
        conversation: Option<ConversationId>,
    },
    /// Search all messages, newest first: words, a "quoted phrase", from: in: account: before: after: has: is:unread.
    Search(SearchArguments),
    /// Send a text and wait for its outcome.
    Send {
        /// The conversation's id.
        conversation: ConversationId,
        /// The text.
        #[arg(long, allow_hyphen_values = true, required_unless_present = "media")]
        text: Option<String>,
        /// A file to send with it, or its public https address; may be given several times.
        #[arg(long, value_name = "FILE|URL")]
        media: Vec<PathBuf>,
        /// Seconds to wait for the outcome.
        #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
        wait: Duration,
    },
    /// Write conversations out as pages, lines of JSON or a table, with their files.
    Export(crate::export::ExportArguments),
    /// Bring in what you downloaded from Facebook, Instagram or X.
    Import(crate::import::ImportArguments),
    /// Copy the whole history into a file, checked page by page. Also while the desktop runs. Keys are not in it.
    Backup {
        /// Into this folder, this once. Without it: where the settings say.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Put a backup in the place of the history. What was there is kept in the data folder.
    Restore {
        /// The backup.
        file: PathBuf,
    },
    /// Start the simulated providers with invented people, and print how to connect to them.
    Demo {
        /// Where to listen, on loopback. Port 0: any free one.
        #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
        listen: std::net::SocketAddr,
        /// Another number, another world.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Decode one image from standard input, under limits: the engine starts this, nobody else.
    #[command(hide = true)]
    DecodeImage {
        /// What the engine adds.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
}

/// `backscroll account …`
#[derive(Subcommand)]
pub enum AccountCommand {
    /// Connect the accounts of a key. The secrets are read from standard input, as JSON.
    #[command(
        after_help = "Ayrshare: {\"api_key\": \"…\", \"profile_key\": \"…\", \"x_api_key\": \"…\", \"x_api_secret\": \"…\"}. \
                      Meta: {\"page_token\": \"…\", \"app_secret\": \"…\"}. All but the first may be left out."
    )]
    Add {
        /// Whose API it is.
        #[arg(long, value_parser = provider)]
        provider: Provider,
        /// What you call the business; without it, what the provider calls it.
        #[arg(long)]
        name: Option<String>,
        /// Another address of the API: https, or http on this computer.
        #[arg(long, value_name = "URL")]
        api_base: Option<String>,
        /// X, which may bill you for each message read: how many older messages to read. Nothing of X is read before
        /// this was chosen.
        #[arg(long, value_name = "none|N|all", value_parser = history)]
        history: Option<XHistory>,
        /// Meta, with a person's token: the id of one of its Pages.
        #[arg(long, value_name = "ID")]
        page: Option<String>,
    },
    /// List all accounts.
    List,
    /// Ask the provider how an account is.
    Test {
        /// The account's id.
        id: AccountId,
    },
    /// Forget an account's key. Its history stays readable.
    Disconnect {
        /// The account's id.
        id: AccountId,
    },
    /// Delete the history of a disconnected account.
    Delete {
        /// The account's id.
        id: AccountId,
    },
}

/// `backscroll sync …`
#[derive(Args)]
pub struct SyncArguments {
    /// Only this account.
    #[arg(long, value_name = "ID")]
    pub account: Option<AccountId>,
    /// Read everything once and stop: this is also what happens without it.
    #[arg(long, conflicts_with = "watch")]
    pub once: bool,
    /// Go on reading and sending until interrupted.
    #[arg(long)]
    pub watch: bool,
}

/// `backscroll search …`
#[derive(Args)]
pub struct SearchArguments {
    /// What to look for. Several are one query.
    #[arg(required = true, num_args = 1..)]
    pub query: Vec<String>,
    /// Only in this conversation.
    #[arg(long, value_name = "ID")]
    pub conversation: Option<ConversationId>,
    /// Best first, of the newest 2,000 hits.
    #[arg(long)]
    pub best: bool,
    /// Do not look inside of words.
    #[arg(long)]
    pub whole_words: bool,
    /// How many at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub limit: u32,
}

fn platform(word: &str) -> Result<Platform, String> {
    Platform::parse(word).ok_or_else(|| one_of(Platform::ALL.map(Platform::as_str)))
}

fn provider(word: &str) -> Result<Provider, String> {
    Provider::parse(word).ok_or_else(|| one_of(Provider::ALL.map(Provider::as_str)))
}

fn state(word: &str) -> Result<StateFilter, String> {
    match word {
        "open" => Ok(StateFilter::Open),
        "snoozed" => Ok(StateFilter::Snoozed),
        "done" => Ok(StateFilter::Done),
        _ => Err(one_of(["open", "snoozed", "done"])),
    }
}

fn history(word: &str) -> Result<XHistory, String> {
    match word {
        "none" => Ok(XHistory::None),
        "all" => Ok(XHistory::All),
        number => match number.parse() {
            Ok(count) => Ok(XHistory::Newest { count }),
            Err(_) => Err(one_of(["none", "a number", "all"])),
        },
    }
}

fn place(word: &str) -> Result<Place, std::convert::Infallible> {
    Ok(Place(word.to_owned()))
}

fn seconds(word: &str) -> Result<Duration, String> {
    let seconds: f64 = word.parse().map_err(|_| "seconds as a number".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn one_of<const N: usize>(words: [&str; N]) -> String {
    format!("expected {}", words.join(", "))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definitions_fit_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_size_of_the_history_is_a_word_or_a_number() {
        assert_eq!(history("none").unwrap(), XHistory::None);
        assert_eq!(history("100").unwrap(), XHistory::Newest { count: 100 });
        assert_eq!(history("all").unwrap(), XHistory::All);
        assert!(history("-1").is_err());
    }

    #[test]
    fn a_text_may_look_like_an_option() {
        let parsed = Arguments::try_parse_from(["backscroll", "send", "7", "--text", "--:-)"]).unwrap();
        assert!(matches!(parsed.command, Command::Send { text, .. } if text.as_deref() == Some("--:-)")));
    }

    #[test]
    fn what_every_command_takes_may_stand_at_the_end() {
        let parsed = Arguments::try_parse_from(["backscroll", "conversations", "--json", "--secrets", "file"]).unwrap();
        assert!(parsed.common.json);
        assert_eq!(parsed.common.secrets, SecretsChoice::File);
    }
}
