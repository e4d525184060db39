#!/bin/sh
# Fetches the bundles of plotly.js that pages.toml names, as npm has them, into the folder where it runs.
# plotly-bundles.txt lists their versions and checksums; they are of the plotly.js that the locked plotly brings.
set -eu
list=$(dirname "$0")/plotly-bundles.txt
pages=${1:-pages.toml}
for bundle in $(sed -n 's/^ *bundle *= *"\([a-z]*\)".*/\1/p' "$pages" | sort -u); do
  test "$bundle" != full || continue
  archive=$(grep -o "plotly.js-$bundle-dist-min-[0-9.]*tgz" "$list") || { echo "$list: no bundle $bundle" >&2; exit 1; }
  package=${archive%.tgz}
  npm pack --silent "${package%-*}@${package##*-}" >/dev/null
  grep " $archive\$" "$list" | sha512sum --check --quiet
  tar --extract --gzip --file "$archive" --strip-components 1 "package/plotly-$bundle.min.js"
  rm "$archive"
done
