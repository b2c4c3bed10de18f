//! What keeping the providers' own words costs: bytes in `raw` and `raw_word` beside the bytes of their JSON, on the demo
//! world.

use std::path::Path;

use anyhow::{Context as _, Result};
use backscroll_adapters::Secret;
use backscroll_engine::AyrshareSecrets;
use backscroll_model::{MessageId, XHistory};
use backscroll_simulator::WorldKind;
use tokio::runtime::Runtime;

use super::world::{World, said};
use crate::report::Report;

/// Of the size of the JSON.
const BAR: f64 = 0.3;

/// Reads the demo once through each provider.
pub fn measure(report: &mut Report, runtime: &Runtime, dir: &Path) -> Result<()> {
    runtime.block_on(async {
        let world = World::empty_handed(dir, WorldKind::Demo).await?;
        let (x_key, x_secret) = world.simulator.x_keys();
        let secrets = AyrshareSecrets {
            api_key: Secret::new(world.simulator.api_key()),
            profile_key: None,
            x_api_key: Some(Secret::new(x_key)),
            x_api_secret: Some(Secret::new(x_secret)),
            x_history: Some(XHistory::All),
            x_monthly_limit_cents: 0,
        };
        let base = world.simulator.base_url().to_owned();
        world.inbox.connect_ayrshare(Some(base), secrets, None).await.map_err(said)?;
        let ayrshare = sizes(world).await?;
        let graph = sizes(World::start(dir, WorldKind::Demo).await?).await?;
        let both = (ayrshare.0 + graph.0, ayrshare.1 + graph.1);
        for (name, (packed, plain)) in [("both", both), ("ayrshare", ayrshare), ("graph", graph)] {
            report.compared(&format!("G3.raw.{name}"), "bytes", packed, plain, Some(BAR));
        }
        Ok(())
    })
}

/// Bytes stored, and bytes of the JSON.
async fn sizes(world: World) -> Result<(f64, f64)> {
    world.sync().await?;
    let (words, payloads): (i64, Vec<(i64, Option<String>)>) = world
        .look(|database| {
            // A word, and the two numbers that it goes by.
            let words = "SELECT ifnull(sum(length(CAST(word AS BLOB)) + 2), 0) FROM raw_word";
            let words = database.query_row(words, [], |row| row.get(0))?;
            let mut select = database.prepare("SELECT id, length(bytes) FROM raw ORDER BY id")?;
            let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let payloads = rows.map(|row| {
                let (id, bytes): (i64, i64) = row?;
                Ok((bytes, backscroll_store::message_details(database, MessageId(id))?.raw))
            });
            Ok((words, payloads.collect::<backscroll_store::Result<_>>()?))
        })
        .await?;
    world.end().await;
    anyhow::ensure!(payloads.len() > 100, "{} payloads", payloads.len());
    let (mut packed, mut plain) = (words as f64, 0.0);
    for (bytes, raw) in payloads {
        packed += bytes as f64;
        plain += raw.context("a payload is missing")?.len() as f64;
    }
    Ok((packed, plain))
}
