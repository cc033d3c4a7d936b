#!/bin/sh
# Starts all of compose.yaml with made-up secrets, asks it a few things through the proxy, and removes it again.
# Needs Docker with compose and a free port 8080. Refuses where there is a .env: it might be somebody's.
set -eu
cd "$(dirname "$0")/.."
test ! -e .env || { echo "There is a .env already; this makes and removes its own." >&2; exit 1; }

secret() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

finish() {
    code=$?
    test $code -eq 0 || docker compose logs --tail 50 || true
    docker compose down --volumes --timeout 30 || true
    rm -f .env
    exit $code
}
trap finish EXIT

sed -e "s/^SECRET_KEY=.*/SECRET_KEY=$(secret)/" \
    -e "s/^ALLOWED_HOSTS=.*/ALLOWED_HOSTS=localhost/" \
    -e "s/^POSTGRES_PASSWORD=.*/POSTGRES_PASSWORD=$(secret)/" \
    -e "s/^REDIS_PASSWORD=.*/REDIS_PASSWORD=$(secret)/" \
    -e "s/^FIRST_ADMIN_EMAIL=.*/FIRST_ADMIN_EMAIL=root@example.com/" \
    -e "s|^MAIL_URL=.*|MAIL_URL=file:///data/mail|" \
    -e "s/^MAIL_FROM=.*/MAIL_FROM=noreply@example.com/" \
    -e "s|^PUBLIC_URL=.*|PUBLIC_URL=http://localhost:8080|" .env.production > .env

docker compose config --quiet
docker compose up --build --detach --wait --wait-timeout 180
docker compose run --rm app python -m app create-admin
docker compose exec app python -m lintel.probe http://proxy:8080/ready --host localhost
docker compose exec app sh -c 'test "$(id -u)" = 10001 && ! touch /srv/x 2>/dev/null'
echo "It runs, answers through the proxy, and cannot write to itself."
