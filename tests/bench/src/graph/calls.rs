//! Calls of a round at Graph, by how many of 500 conversations have news; and that a poll without news writes nothing.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;
use backscroll_simulator::{Platform, ProfileId, Synthetic, WorldKind};
use tokio::runtime::Runtime;

use super::world::World;
use crate::report::{Plot, Report, Series};

/// Of each platform.
const CONVERSATIONS: usize = 500;
const CHANGED: [usize; 9] = [0, 1, 5, 10, 20, 50, 100, 250, 500];
/// Between two rounds: long enough that no conversation looks like a burst, which would be read singly first.
const PAUSE_MS: i64 = 2 * 3_600_000;

/// Counted at the simulator.
pub fn measure(report: &mut Report, runtime: &Runtime, dir: &Path) -> Result<()> {
    let kind = WorldKind::Synthetic(Synthetic {
        conversations: 2 * CONVERSATIONS,
        messages_per_conversation: 10,
        platforms: vec![Platform::Facebook, Platform::Instagram],
    });
    runtime.block_on(async {
        let world = World::start(dir, kind).await?;
        world.sync().await?;
        let graph = world.simulator.graph();
        let mut curves: BTreeMap<Platform, Vec<(f64, f64)>> = BTreeMap::new();
        for changed in CHANGED {
            world.move_to(world.now_ms() + PAUSE_MS).await;
            for platform in [Platform::Facebook, Platform::Instagram] {
                // Of all ages: whoever wrote last is not who writes next.
                let chats = graph.chats(ProfileId::PRIMARY, platform);
                for n in 0..changed {
                    if let Some(chat) = chats.get(n * 7 % chats.len()) {
                        graph.receive(chat, "Is it ready?")?;
                    }
                }
            }
            world.move_to(world.now_ms() + 60_000).await;
            world.empty_log()?;
            graph.clear_calls();
            let mut seen = world.inbox.changes();
            world.sync().await?;
            for ((_, platform), calls) in graph.calls() {
                let Some(platform) = platform else { continue };
                curves.entry(platform).or_default().push((changed as f64, calls as f64));
                let name = format!("G1.calls.{platform:?}.{changed:03}-news").to_lowercase().replacen('g', "G", 1);
                report.limited(&name, "calls", calls as f64, 1.0 + changed as f64 / 10.0);
            }
            if changed == 0 {
                report.limited("P7.graph.poll.log", "bytes", world.log_bytes() as f64, 0.0);
                let mut changes = 0;
                while let Ok(batch) = seen.try_recv() {
                    changes += batch.len();
                }
                report.shown("P7.graph.poll.status-changes", "changes", changes as f64);
            }
        }
        let name = |platform: &Platform| format!("{platform:?}");
        let mut series: Vec<Series> =
            curves.iter().map(|(platform, points)| Series::line(&name(platform), points.clone())).collect();
        series.push(Series::line("1 + k/10", vec![(0.0, 1.0), (CONVERSATIONS as f64, 51.0)]));
        report.plot(
            "G1",
            Plot {
                title: "Graph: calls of a round per account, 500 conversations of which k have news".to_owned(),
                x: "conversations with news".to_owned(),
                y: "calls".to_owned(),
                log_x: false,
                log_y: false,
                series,
            },
        );
        world.end().await;
        Ok(())
    })
}
