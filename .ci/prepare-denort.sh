#!/usr/bin/env bash
# Prepares a Deno compiler and the matching runtime, `denort`, so that `deno task compile` works on a Linux x64 machine
# with access to npm but not to Deno's download site. Not part of the product.
#
#   pair=$(.ci/prepare-denort.sh [folder]) && eval "$pair" && deno task compile
#
# Prints variables for the environment; the default folder is `dist/.denort`.
#
# npm has the compiler but not the runtime. However, an npm package contains programs compiled by `deno compile` 2.4.2:
# the runtime's ELF image, followed by the program. The image alone is the runtime. The compiler must have the same
# version as the runtime.
set -euo pipefail

deno_version=2.4.2
carrier=@vltpkg/cli-linux-x64@0.0.0-18
denort_sha256=2705685d7478610b98dcd43acecd457a19810146323041c8af8a88f7dd0b5e82

fail() {
  echo "prepare-denort: $*" >&2
  exit 1
}

[[ "$(uname -s) $(uname -m)" == "Linux x86_64" ]] || fail "only for Linux x64, this is $(uname -s) $(uname -m)"
for tool in npm tar od sha256sum; do
  command -v "$tool" >/dev/null || fail "'$tool' is needed and not installed"
done

folder=${1:-$(dirname "${BASH_SOURCE[0]}")/../dist/.denort}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
deno=$folder/node_modules/@deno/linux-x64-glibc/deno
denort=$folder/denort

is_compiler() {
  [[ -x $deno && "$("$deno" --version)" == "deno $deno_version "* ]]
}

is_runtime() {
  [[ -x $denort ]] && sha256sum --check --status <<<"$denort_sha256  $denort"
}

# The size of an ELF64 image whose section header table comes last: e_shoff + e_shentsize * e_shnum.
elf_size() {
  [[ "$(od -An -tx1 -N6 "$1" | tr -d ' ')" == 7f454c460201 ]] || fail "$1 is no little-endian ELF64 file"
  local table entry_size entries
  table=$(od -An --endian=little -tu8 -j40 -N8 "$1")
  read -r entry_size entries < <(od -An --endian=little -tu2 -j58 -N4 "$1")
  echo $((table + entry_size * entries))
}

if ! is_compiler; then
  echo "Installing deno $deno_version in $folder" >&2
  npm install --prefix "$folder" --no-save --no-audit --no-fund --ignore-scripts "deno@$deno_version" >&2 ||
    fail "npm could not install deno@$deno_version"
  is_compiler || fail "$deno is not deno $deno_version"
fi

if ! is_runtime; then
  echo "Cutting denort $deno_version out of $carrier" >&2
  scratch=$(mktemp -d "$folder/scratch.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  (cd "$scratch" && npm pack --silent "$carrier" >/dev/null) || fail "npm could not download $carrier"
  tar -xzf "$scratch"/*.tgz -C "$scratch" package/vlt
  head -c "$(elf_size "$scratch/package/vlt")" "$scratch/package/vlt" >"$scratch/denort"
  chmod +x "$scratch/denort"
  mv "$scratch/denort" "$denort"
  is_runtime || fail "$denort is not the expected file (SHA-256 $denort_sha256)"

  echo "Trying the pair" >&2
  echo 'console.log(`${Deno.build.standalone} ${Deno.version.deno}`)' >"$scratch/try.ts"
  (cd "$scratch" && DENORT_BIN=$denort "$deno" compile --quiet --no-check --no-config --no-code-cache --output try try.ts >&2) ||
    fail "deno compile failed with $denort"
  [[ "$("$scratch/try")" == "true $deno_version" ]] || fail "the compiled program does not run on deno $deno_version"
fi

echo "export DENO_BIN=$(printf %q "$deno")"
echo "export DENORT_BIN=$(printf %q "$denort")"
# This version trusts only Mozilla's certificates by default; later versions also trust the system's certificates.
echo "export DENO_TLS_CA_STORE=mozilla,system"
