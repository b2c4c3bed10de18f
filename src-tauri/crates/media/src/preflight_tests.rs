use super::*;

#[test]
fn a_name_is_cleaned_and_ends_as_its_bytes_say() {
    for (raw, mime, name) in [
        ("cake.jpg", "image/jpeg", "cake.jpg"),
        ("cake.JPEG", "image/jpeg", "cake.jpg"),
        ("cake.webp", "image/png", "cake.png"),
        ("offer v1.2", "application/pdf", "offer v1.2.pdf"),
        ("../../etc/passwd", "image/png", "passwd.png"),
        ("C:\\fakepath\\写真\u{202e}gpj.exe", "image/jpeg", "写真gpj.jpg"),
        (".jpg", "image/jpeg", "jpg.jpg"),
        ("", "image/jpeg", "picture.jpg"),
        ("\u{0}/\u{200b}", "image/gif", "picture.gif"),
        ("CON", "image/png", "_CON.png"),
    ] {
        assert_eq!(named(raw, mime, MediaKind::Image), name, "{raw:?}");
    }
    let long = named(&"é".repeat(5_000), "image/png", MediaKind::Image);
    assert!(long.chars().count() < 120 && long.ends_with(".png"));
}

#[test]
fn every_target_takes_still_pictures_that_we_can_encode() {
    for platform in backscroll_model::Platform::ALL {
        for route in [Route::Upload, Route::Address] {
            let limits = limits(Target { platform, route });
            assert!(limits.image.types.contains(&ImageKind::Jpeg) && limits.image.types.contains(&ImageKind::Png));
            assert!(limits.image.bytes as usize <= MAX_SOURCE && limits.animation.bytes as usize <= MAX_SOURCE);
            let files = [limits.video, limits.audio, limits.document].into_iter().flatten();
            for mime in files.flat_map(|file| file.types) {
                assert_ne!(extension_of(mime), "bin", "{mime}");
            }
        }
    }
}
