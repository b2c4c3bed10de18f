//! Graphics without a graphics card: there WebKitGTK's accelerated compositing makes frames 5.8 times slower and costs
//! 60 to 100 MiB (`performance.md`, rule 11), so it is switched off.
//!
//! By WebKit's environment variable and not by its setting `hardware-acceleration-policy`: the setting can only be
//! reached once the web view exists, and changing it then ends the web process (WebKitGTK 2.50.6, no card, DMA-BUF
//! renderer: an empty window). The variable has the same effect: 100 MiB instead of 204 in the web process.
//!
//! "A real GL renderer" is taken for a render node of the kernel that we may open and that belongs to a real device.
//! A GL context would tell more surely, and would cost each start a driver's initialisation. What this does not see: a
//! virtual machine whose `virtio` card has no 3D.

use std::{fs, path::Path};

/// WebKit's own switch; what the user set stays as it is.
const SWITCH: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";
/// Drivers of the kernel that only pretend.
const PRETENDERS: [&str; 2] = ["vgem", "vkms"];

/// Switches accelerated compositing off where nothing accelerates it. Call it before anything starts a thread: the
/// environment of a process is not made for two.
pub fn choose() {
    if std::env::var_os(SWITCH).is_some() {
        return;
    }
    let by_hand = std::env::var_os("LIBGL_ALWAYS_SOFTWARE").is_some_and(|v| v == "1" || v == "true");
    if !by_hand && has_renderer(Path::new("/dev/dri"), Path::new("/sys/class/drm")) {
        return;
    }
    // SAFETY: the first thing of `main`, before any thread that could read the environment exists.
    #[expect(unsafe_code, reason = "the only way to reach WebKit before its process starts")]
    unsafe {
        std::env::set_var(SWITCH, "1");
    }
}

fn has_renderer(devices: &Path, drivers: &Path) -> bool {
    let nodes = fs::read_dir(devices).into_iter().flatten().flatten();
    nodes.map(|node| node.file_name()).filter(|name| name.to_string_lossy().starts_with("renderD")).any(|name| {
        let driver = fs::read_link(drivers.join(&name).join("device/driver")).ok();
        let driver = driver.as_deref().and_then(Path::file_name).map(|d| d.to_string_lossy().into_owned());
        let pretends = driver.is_some_and(|d| PRETENDERS.contains(&d.as_str()));
        !pretends && fs::File::options().read(true).write(true).open(devices.join(&name)).is_ok()
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_render_node_counts_unless_its_driver_pretends() {
        let root = tempfile::tempdir().unwrap();
        let (devices, drivers) = (root.path().join("dri"), root.path().join("drm"));
        assert!(!has_renderer(&devices, &drivers), "no devices at all");
        fs::create_dir_all(&devices).unwrap();
        fs::write(devices.join("card0"), "").unwrap();
        assert!(!has_renderer(&devices, &drivers), "a card without a render node only shows pictures");
        let device = drivers.join("renderD128/device");
        fs::create_dir_all(&device).unwrap();
        symlink("../../../bus/platform/drivers/vgem", device.join("driver")).unwrap();
        fs::write(devices.join("renderD128"), "").unwrap();
        assert!(!has_renderer(&devices, &drivers), "vgem");
        fs::remove_file(device.join("driver")).unwrap();
        symlink("../../../bus/pci/drivers/i915", device.join("driver")).unwrap();
        assert!(has_renderer(&devices, &drivers), "i915");
    }
}
