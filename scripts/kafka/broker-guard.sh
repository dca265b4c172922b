#!/bin/sh
# usage: broker-guard.sh <data folder of the cluster> <command...>
# Becomes the command, and leaves a guard behind that reads a pipe from the process which started us. The pipe closes when that
# process dies in whatever way; the guard then kills the broker (also a stopped one) and removes the data. "done" dismisses it.
# It closes, too, when the broker dies first: its data then stays, and so do the other brokers'.
data=$1
shift
exec 3<&0
(
  read -r word <&3
  if [ "$word" != done ]; then
    kill -9 $$ || exit
    sleep 1 # the other brokers of the cluster still write until their guards have killed them
    rm -rf "$data"
  fi
) >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-
