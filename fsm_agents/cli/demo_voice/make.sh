#!/bin/sh
# Makes the caller's lines of the demo conversation: 16 kHz, 16 bit, mono WAV, about 250 kB in all.
# Needs flite (a small speech synthesiser, BSD licence) and sox; the voice "rms" comes with flite.
# The words here are those of transcript.toml; a test listens to every file and compares.
#
#     sh make.sh [voice]
set -eu
cd "$(dirname "$0")"
voice=${1:-rms}

line() {
    flite -voice "$voice" -t "$2" -o "$1.raw.wav" >/dev/null
    # cut the silence off both ends, leave 50 ms; peak at -6 dBFS; no dither, so that the same words give the same bytes
    sox -D "$1.raw.wav" -r 16000 -c 1 -b 16 "$1.wav" \
        silence 1 0.01 -60d reverse silence 1 0.01 -60d reverse pad 0.05 0.05 norm -6
    rm "$1.raw.wav"
}

line order      "two large pizzas with mushrooms please"
line name       "my name is anna"
line stop       "stop i want to change it"
line make_three "make it three"
line yes        "yes"
line goodbye    "goodbye"
line no         "no"
line help       "help"
