#!/bin/sh
# Makes what the caller says in examples/flows/appointment.py: 16 kHz, 16 bit, mono WAV, about 280 kB in all.
# Needs flite (a small speech synthesiser, BSD licence) and sox; the voice "rms" comes with flite.
# A test listens to all of them, each in the state in which it is said.
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

line what    "book an appointment"
line phone   "five five five one two three four"
line born    "may fourth nineteen eighty two"
line service "a check up tomorrow"
line offer   "the second one"
line confirm "yes"
