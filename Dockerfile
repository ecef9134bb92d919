# The site in a container: not root, nothing written but /var/lib/lco and /tmp, so the root file system may be read-only.
# The version is the one in .python-version; a test holds both to each other.
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN apt-get update && apt-get install --yes --no-install-recommends binutils
WORKDIR /app
COPY requirements.txt ./
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-compile --only-binary :all: --require-hashes -r requirements.txt
# Tests, debug symbols and languages other than English are half the size of the packages, and the site does not use them.
RUN find /venv -type d -name tests -prune -exec rm -rf {} + \
    && find /venv -path '*/babel/locale-data/*' ! -name 'en*' ! -name root.dat -delete \
    && find /venv -name '*.so*' -exec strip --strip-unneeded {} +
COPY wsgi.py gunicorn.conf.py ./
COPY lco lco
# Compile what a start loads, and no more: a read-only file system cannot keep it later. This also shows that it loads.
RUN CACHE_DIR=/tmp/cache /venv/bin/python -c "import wsgi, gunicorn.app.wsgiapp, gunicorn.workers.ggevent, psycopg, redis"

FROM python:3.11-slim
LABEL org.opencontainers.image.title="lco" org.opencontainers.image.licenses="MIT"
RUN useradd --system --uid 10001 --home-dir /tmp --shell /usr/sbin/nologin lco \
    && install --directory --owner lco --group lco /var/lib/lco
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PORT=8000 \
    DATABASE_URL=sqlite:////var/lib/lco/lco.sqlite3 \
    CACHE_DIR=/var/lib/lco/cache \
    MAIL_DIR=/var/lib/lco/mail
USER 10001
VOLUME /var/lib/lco
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
CMD ["gunicorn", "wsgi:app"]
