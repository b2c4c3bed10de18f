#!/usr/bin/env bash
# Renders the PNG icons from their SVG sources. Needs chromium; CHROMIUM names another binary.
set -euo pipefail
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT

render() { # SOURCE SIZE OUT
    printf '<!doctype html><style>*{margin:0}svg{display:block;width:%spx;height:%spx}</style>%s' "$2" "$2" "$(cat "$1")" >"$scratch/page.html"
    # A window smaller than Chromium's smallest is cropped, so a large one is taken and cut.
    "${CHROMIUM:-chromium}" --headless --no-sandbox --disable-gpu --hide-scrollbars --default-background-color=00000000 \
        --window-size=600,600 --screenshot="$scratch/page.png" "file://$scratch/page.html" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }
    convert "$scratch/page.png" -crop "$2x$2+0+0" +repage -define png:color-type=6 -strip "$3"
}

render icon.svg 32 32x32.png
render icon.svg 128 128x128.png
render icon.svg 256 128x128@2x.png
render icon.svg 512 icon.png
render tray.svg 64 tray.png
render tray-unread.svg 64 tray-unread.png
