#!/bin/sh
# Makes the callers' lines for the tests: 16 kHz, 16 bit, mono WAV, two voices of flite ("rms" a man's, "slt" a woman's).
# Needs flite and sox. The tests name the files and know the words.
set -eu
cd "$(dirname "$0")"

line() {
    for voice in rms slt; do
        flite -voice "$voice" -t "$2" -o raw.wav >/dev/null
        # cut the silence off both ends, leave 50 ms; peak at -6 dBFS; no dither: the same words give the same bytes
        sox -D raw.wav -r 16000 -c 1 -b 16 "$1.$voice.wav" \
            silence 1 0.01 -60d reverse silence 1 0.01 -60d reverse pad 0.05 0.05 norm -6
        rm raw.wav
    done
}

line table      "a table for two"
line evening    "this evening"
line yes        "yes"
line kubernetes "kubernetes"
line newspaper  "my dog ate the newspaper"
line weather    "what is the weather like"
