-- The outbox of outbox_postgresql.sql for Microsoft SQL Server 2016 or newer. Not run by our tests,
-- which have no such server.

CREATE TABLE emc_outbox (
    number     bigint IDENTITY PRIMARY KEY,
    id         uniqueidentifier NOT NULL DEFAULT newid() UNIQUE,
    dossier    nvarchar(256)    NOT NULL,
    event      nvarchar(max)    NOT NULL CHECK (isjson(event) = 1),
    written_at datetimeoffset   NOT NULL DEFAULT sysdatetimeoffset(),
    sent_at    datetimeoffset,
    refused    nvarchar(200)
);
CREATE INDEX emc_outbox_waiting ON emc_outbox (number) WHERE sent_at IS NULL AND refused IS NULL;
GO

CREATE TRIGGER emc_dossier_changed ON ho_so AFTER INSERT, UPDATE AS
BEGIN
    SET NOCOUNT ON;
    INSERT INTO emc_outbox (id, dossier, event)
    SELECT made.id, made.ma_ho_so, (
        SELECT '1.0' AS specversion, lower(made.id) AS id, 'here' AS source,
               'dossier.state.v1' AS type,
               convert(varchar(40), switchoffset(sysdatetimeoffset(), '+07:00'), 127) AS time,
               made.ma_ho_so AS [data.dossier], made.trang_thai AS [data.state],
               made.ma_tthc AS [data.procedure], made.ma_don_vi AS [data.agency],
               made.kenh_thuc_hien AS [data.channel], made.muc_do AS [data.level],
               convert(varchar(40), made.ngay_tiep_nhan, 127) AS [data.receipt_date],
               convert(varchar(40), made.ngay_hen_tra, 127) AS [data.due_at]
        FOR JSON PATH, WITHOUT_ARRAY_WRAPPER)
    FROM (
        SELECT newid() AS id, inserted.*
        FROM inserted LEFT JOIN deleted ON deleted.ma_ho_so = inserted.ma_ho_so
        WHERE deleted.ma_ho_so IS NULL OR deleted.trang_thai <> inserted.trang_thai
    ) AS made;
END
