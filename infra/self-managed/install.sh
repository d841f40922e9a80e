#!/bin/bash
# Runs at every start of the machine, and changes nothing that is right already. CloudFormation fills in what stands
# in braces after a dollar; everything else of the shell is written without braces. What it says is in the console's
# output (`aws ec2 get-console-output`).
set -euo pipefail
umask 077

# The way to S3 and to Secrets Manager, and the volume, may be made at the same time as the machine.
patiently() {
  for _ in $(seq 200); do "$@" && return; sleep 3; done
  return 1
}

rpm --quiet -q valkey || patiently dnf install -y valkey
# Nothing but this starts it, so that it never runs without its volume; once it runs, whatever ends it is undone.
systemctl stop valkey
systemctl disable valkey
mkdir -p /etc/systemd/system/valkey.service.d
printf '[Service]\nRestart=always\nRestartSec=1\n' > /etc/systemd/system/valkey.service.d/restart.conf
systemctl daemon-reload

# An image stays at its release; a start is when nobody is served anyway. Without the patches it is better than not at all.
dnf upgrade -y --releasever=latest || echo 'not patched'

patiently test -e /dev/sdf
blkid /dev/sdf || mkfs.xfs /dev/sdf
mountpoint -q /var/lib/valkey || mount /dev/sdf /var/lib/valkey
# The volume may have grown, or be larger than the snapshot that it began with.
xfs_growfs /var/lib/valkey
chown valkey:valkey /var/lib/valkey

token=$(curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)
address=$(curl -sf -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/local-ipv4)

# Only the digests of the passwords are written down.
digest() {
  patiently aws secretsmanager get-secret-value --region '${AWS::Region}' --secret-id "$1" --query SecretString --output text |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["password"], end="")' | sha256sum | cut -c 1-64
}
functions=$(digest '${FunctionsPassword}')
ops=$(digest '${OpsPassword}')

# The certificate is written last.
mkdir -p /etc/valkey/tls
test -e /etc/valkey/tls/certificate.pem || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
  -subj "/CN=$address" -keyout /etc/valkey/tls/key.pem -out /etc/valkey/tls/certificate.pem

sed "s/@ADDRESS@/$address/" > /etc/valkey/valkey.conf <<'END'
@redis.conf@
END
sed "s/@FUNCTIONS@/$functions/; s/@OPS@/$ops/" > /etc/valkey/users.acl <<'END'
@users.acl@
END
chown -R valkey:valkey /etc/valkey

# Snapshots are written by a copy of the process, for which the memory is there when it is needed.
sysctl -q vm.overcommit_memory=1
systemctl start valkey
