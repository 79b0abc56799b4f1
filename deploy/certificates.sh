#!/bin/sh
# Makes an authority and a certificate for each server, with openssl: for a cluster of one's own, and for the tests. An
# organisation that has an authority takes its certificates from there; what they must hold is below.
#
#   deploy/certificates.sh DIRECTORY NAME[,ADDRESS…] …      one argument a server: the names that it is reached by
set -eu
command -v openssl >/dev/null || {
  echo 'certificates.sh needs openssl. Install it (on Debian: apt install openssl), or bring certificates of your own.' >&2
  exit 1
}
[ $# -ge 2 ] || {
  echo 'usage: certificates.sh DIRECTORY NAME[,ADDRESS…] …' >&2
  exit 2
}
directory=$1
shift
umask 077
mkdir -p "$directory"
cd "$directory"
if [ ! -f ca.key ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -sha256 \
    -subj '/CN=Streamy cluster authority' -addext 'basicConstraints=critical,CA:TRUE' \
    -addext 'keyUsage=critical,keyCertSign,cRLSign' -keyout ca.key -out ca.crt 2>/dev/null
fi
for server in "$@"; do
  name=${server%%,*}
  names=''
  for each in $(echo "$server" | tr ',' ' '); do
    case $each in
      *[!0-9.]*) names="$names,DNS:$each" ;;
      *) names="$names,IP:$each" ;;
    esac
  done
  # Servers are clients of each other.
  printf '%s\n' "subjectAltName=${names#,}" 'extendedKeyUsage=serverAuth,clientAuth' 'basicConstraints=CA:FALSE' >"$name.ext"
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -subj "/CN=$name" \
    -keyout "$name.key" -out "$name.csr" 2>/dev/null
  openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 825 -sha256 \
    -extfile "$name.ext" -out "$name.crt" 2>/dev/null
  rm "$name.csr" "$name.ext"
done
