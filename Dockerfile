# The site in a container: not root, nothing written but /var/lib/lco and /tmp, so the root file system may be read-only.
# Debian's Python is the one of .python-version; a test holds both to each other. With it the image is a tenth smaller.
FROM debian:12-slim AS base
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/* \
    && find /usr/lib/python3* -name __pycache__ -prune -exec rm -rf {} +

FROM base AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN apt-get update && apt-get install --yes --no-install-recommends binutils python3-pip
WORKDIR /app
COPY requirements.txt ./
RUN python3 -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-compile --only-binary :all: --require-hashes -r requirements.txt
# Half the size of the packages is not used: tests, debug symbols, languages other than English, code for newer processors
# that has a slower twin.
RUN find /venv -type d '(' -name tests -o -name testing ')' -prune -exec rm -rf {} + \
    && find /venv -path '*/babel/locale-data/*' ! -name 'en*' ! -name root.dat -delete \
    && find /venv -name '*_avx2.*' -delete \
    && find /venv -name '*.so*' -exec strip --strip-unneeded {} +
COPY wsgi.py gunicorn.conf.py ./
COPY lco lco
# Compile what a start loads into one folder, as a read-only file system keeps nothing later. This shows that it loads, too.
RUN mkdir /pycache \
    && PYTHONPYCACHEPREFIX=/pycache PYTHONDONTWRITEBYTECODE= CACHE_DIR=/tmp/cache \
    /venv/bin/python -c "import wsgi, gunicorn.app.wsgiapp, gunicorn.workers.ggevent, psycopg, redis" \
    && test -d /pycache/app/lco

FROM base
LABEL org.opencontainers.image.title="lco" org.opencontainers.image.licenses="MIT"
RUN useradd --system --uid 10001 --home-dir /tmp --shell /usr/sbin/nologin lco \
    && install --directory --owner lco --group lco /var/lib/lco
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /app /app
COPY --from=build /pycache /pycache
ENV PATH=/venv/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPYCACHEPREFIX=/pycache \
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
